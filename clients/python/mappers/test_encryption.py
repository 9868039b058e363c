"""The DynamoDB Encryption Client, which signs items before they are stamped."""

from __future__ import annotations

import boto3
import lastwriter
import pytest
from scenario import HERE

sdk = pytest.importorskip("dynamodb_encryption_sdk")
from dynamodb_encryption_sdk.delegated_keys.jce import JceNameLocalDelegatedKey  # noqa: E402
from dynamodb_encryption_sdk.exceptions import SignatureVerificationError  # noqa: E402
from dynamodb_encryption_sdk.identifiers import CryptoAction, EncryptionKeyType, KeyEncodingType  # noqa: E402
from dynamodb_encryption_sdk.material_providers.wrapped import WrappedCryptographicMaterialsProvider  # noqa: E402
from dynamodb_encryption_sdk.structures import AttributeActions  # noqa: E402


def local_key(algorithm, kind, length):
    return JceNameLocalDelegatedKey(b"0" * length, algorithm, kind, KeyEncodingType.RAW)


def encrypted(client, **actions):
    """The library's client around ours: what it is told about attributes is by `actions`."""
    wrapping = local_key("AES", EncryptionKeyType.SYMMETRIC, 32)
    provider = WrappedCryptographicMaterialsProvider(
        wrapping_key=wrapping,
        unwrapping_key=wrapping,
        signing_key=local_key("HmacSHA512", EncryptionKeyType.SYMMETRIC, 32),
    )
    return sdk.encrypted.client.EncryptedClient(
        client=client,
        materials_provider=provider,
        attribute_actions=AttributeActions(default_action=CryptoAction.ENCRYPT_AND_SIGN, attribute_actions=actions),
    )


STAMPS = dict.fromkeys((f"lw:n:{HERE}", f"lw:t:{HERE}", "lw:reset"), CryptoAction.DO_NOTHING)


@pytest.fixture
def clients(world, key):
    """clients(settings) -> a client of the application's, and what it puts."""

    def make(**settings):
        return lastwriter.instrument(world.client(HERE), **settings)

    return make


@pytest.fixture
def item(key):
    return {"PK": {"S": key}, "SK": {"S": "text"}, "text": {"S": "secret"}}


def key_of(item):
    return {name: item[name] for name in ("PK", "SK")}


def test_signed_items_are_left_alone_and_can_be_read_by_everyone(world, clients, item, caplog):
    encrypted(clients()).put_item(TableName=world.table, Item=item)
    assert "signed by the DynamoDB Encryption Client" in caplog.text
    for reader in (clients(), clients(hide=False)):
        assert encrypted(reader).get_item(TableName=world.table, Key=key_of(item))["Item"] == item


def test_a_stamp_that_the_library_does_not_know_of_breaks_the_signature(world, clients, item):
    # This is what the refusal guards against.
    encrypted(clients(encrypted="stamp")).put_item(TableName=world.table, Item=item)
    with pytest.raises(SignatureVerificationError):
        encrypted(clients(hide=False)).get_item(TableName=world.table, Key=key_of(item))


def test_with_its_attribute_actions_signed_items_are_stamped_and_can_be_read(world, clients, item):
    encrypted(clients(encrypted="stamp"), **STAMPS).put_item(TableName=world.table, Item=item)
    read = encrypted(clients(hide=False), **STAMPS).get_item(TableName=world.table, Key=key_of(item))["Item"]
    assert lastwriter.without_stamps(read) == item
    assert set(STAMPS) <= set(read)
    assert encrypted(clients(), **STAMPS).get_item(TableName=world.table, Key=key_of(item))["Item"] == item


def test_with_strict_a_signed_item_is_not_written(world, clients, item):
    with pytest.raises(lastwriter.EncryptedItemError):
        encrypted(clients(strict=True)).put_item(TableName=world.table, Item=item)
    assert boto3.client("dynamodb", region_name=HERE, endpoint_url=world.endpoint(HERE)).get_item(
        TableName=world.table, Key=key_of(item)
    ).get("Item") is None  # fmt: skip
