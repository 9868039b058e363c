//! Values that are taken leniently: text, names, numbers of attributes, whether something is an object.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The seed of any visitor: hands it whatever value is there.
pub(super) struct Seed<V>(pub(super) V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Seed<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self.0)
    }
}

/// A visitor that takes one kind of value and makes nothing of every other kind.
///
/// Optional fields of an unexpected type are as good as absent, and must not fail the record.
macro_rules! lenient {
    (@each) => {};
    (@each scalars $($rest:tt)*) => {
        fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        lenient!(@each $($rest)*);
    };
    (@each null $($rest:tt)*) => {
        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        lenient!(@each $($rest)*);
    };
    (@each seq $($rest:tt)*) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
        lenient!(@each $($rest)*);
    };
    (@each map $($rest:tt)*) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
        lenient!(@each $($rest)*);
    };
    (@each str $($rest:tt)*) => {
        fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        lenient!(@each $($rest)*);
    };
    ($($other:tt)*) => {
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("any JSON value")
        }
        lenient!(@each $($other)*);
    };
}

pub(super) use lenient;

/// Text, borrowed where the payload holds it unescaped; nothing if the value is no text.
#[derive(Clone, Copy)]
pub(super) struct Text;

impl<'de> Visitor<'de> for Text {
    type Value = Option<Cow<'de, str>>;

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    lenient!(scalars null seq map);
}

/// A member's name.
pub(super) struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a member's name")
    }

    fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// Whether a value is an object.
pub(super) struct IsObject;

impl<'de> Visitor<'de> for IsObject {
    type Value = bool;

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(true)
    }

    lenient!(scalars null str seq);
}

/// The text of an attribute value of type N; nothing if it is of another type.
pub(super) struct Number;

/// The text of an attribute value of type N or S; nothing if it is of another type.
pub(super) struct Scalar;

/// Whether an attribute value is of type BOOL and true.
pub(super) struct IsTrue;

impl<'de> Visitor<'de> for Number {
    type Value = Option<Cow<'de, str>>;

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        value_of_type(map, |name| name == "N", Text)
    }

    lenient!(scalars null str seq);
}

impl<'de> Visitor<'de> for Scalar {
    type Value = Option<Cow<'de, str>>;

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        value_of_type(map, |name| matches!(name, "N" | "S"), Text)
    }

    lenient!(scalars null str seq);
}

impl<'de> Visitor<'de> for IsTrue {
    type Value = bool;

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        value_of_type(map, |name| name == "BOOL", Truth)
    }

    lenient!(scalars null str seq);
}

/// A boolean; false for anything else.
#[derive(Clone, Copy)]
struct Truth;

impl<'de> Visitor<'de> for Truth {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    lenient!(@each null str seq map);
}

/// What an attribute value holds under the name of a type that is wanted; nothing if it is of another type.
fn value_of_type<'de, A: MapAccess<'de>, V: Visitor<'de, Value: Default> + Copy>(
    mut map: A,
    is_wanted: impl Fn(&str) -> bool,
    visitor: V,
) -> Result<V::Value, A::Error> {
    let mut value = V::Value::default();
    while let Some(name) = map.next_key_seed(Name)? {
        if is_wanted(&name) {
            value = map.next_value_seed(Seed(visitor))?;
        } else {
            map.next_value::<IgnoredAny>()?;
        }
    }
    Ok(value)
}
