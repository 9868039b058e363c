#!/usr/bin/env python3
"""Checks the form of the sample events and of what is expected of them.

It judges nothing: verdicts, kinds and counts are written by hand, from the specification. What it does check is that the
two files of a case agree with each other, and that the counts of one file add up. Python 3.9 or later, no packages.

    python3 events/check.py            exit code 0, or 1 with one line for each fault
"""

import hashlib
import json
import re
import sys
from datetime import datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent

CONFLICT_KINDS = {
    "overwrite", "delete_delete", "update_delete", "delete_update", "insert_insert", "update_update",
}
OTHER_KINDS = {"stale_overwrite", "local_overwrite", "unstamped_sample", "odd_stamp_sample", "malformed_record"}
# The metric that counts each verdict. A conflict counts as its winner's replicated write too.
METRIC_OF = {
    "local": "LocalWrites", "replicated": "ReplicatedWrites", "conflict": "Conflicts", "unstamped": "UnstampedWrites",
    "local_overwrite": "LocalOverwrites", "stale_overwrite": "StaleOverwrites", "resurrection": "Resurrections",
    "expired": "Expirations", "purged": "Purges", "hard_delete": "HardDeletes", "unusable": "UnusableRecords",
    "malformed": "QuarantinedRecords", "no_write": None,
    "suspected_conflict": "SuspectedConflicts", "possible_conflict": "PossibleConflicts",
}
# What else counts a verdict: such a write did not stamp.
UNSTAMPED = {"suspected_conflict", "possible_conflict"}
STARRED = {"Records", "ReplicatedWrites", "Conflicts", "LostWrites"}
FIELDS_OF = {
    "replicated": {"verdict", "origin", "returned_writes"},
    "conflict": {"verdict", "kind", "confidence", "loser_region", "winner_region", "lost_writes", "returned_writes",
                 "differing_attributes"},
}
SETTINGS = {
    "STAMP_PREFIX", "CLOCK_TOLERANCE_MS", "TTL_ATTRIBUTE", "LEDGER_IMAGES", "LEDGER_OVERWRITES",
    "UNSTAMPED_SAMPLES_PER_MINUTE", "VERSION_ATTRIBUTE", "UPDATED_AT_ATTRIBUTE", "ORIGIN_ATTRIBUTE",
}
COMMON = {"ItemKey", "ConflictId", "Key", "TableName", "Kind", "Confidence", "Status", "EventId", "SequenceNumber",
          "DifferingAttributes"}
PAIR = COMMON | {"Loser", "Winner", "Identical", "LostWrites"}
QUARANTINE = {"ItemKey", "ConflictId", "TableName", "Kind", "Status", "Reason", "Record"}
REGION = re.compile(r"[a-z0-9-]+\Z")
ARN = re.compile(r"arn:aws:dynamodb:([a-z0-9-]+):\d{12}:table/([A-Za-z0-9_.-]+)/stream/[0-9T:.-]+\Z")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z")
NO_TIME = "1970-01-01T00:00:00.000000Z"


def no_duplicates(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError(f"a name appears twice in one object: {sorted(names)}")
    return dict(pairs)


def load(path):
    return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=no_duplicates)


def raw_records(text):
    """The text of each record, byte for byte as it stands in the event file."""
    if json.loads(text)["Records"] is None:
        return []
    decoder = json.JSONDecoder()
    at = text.index("[", text.index('"Records"')) + 1
    found: list[str] = []
    while True:
        while text[at] in " \t\r\n,":
            at += 1
        if text[at] == "]":
            return found
        _, end = decoder.raw_decode(text, at)
        found.append(text[at:end])
        at = end


def rfc3339(microseconds):
    moment = datetime(1970, 1, 1) + timedelta(microseconds=int(microseconds))
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def item_key(key):
    text = json.dumps(dict(sorted(key.items())), separators=(",", ":"), ensure_ascii=False)
    if len(text.encode()) > 2048:
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    return text


def named_table(record):
    arn = ARN.match(record.get("eventSourceARN", "")) if isinstance(record, dict) else None
    return arn.group(2) if arn else None


def table_of(record, records):
    """A record that names no table counts for the first one that its batch names: a batch comes from one stream."""
    named = [table for table in map(named_table, [record, *records]) if table]
    return named[0] if named else "unknown"


def event_id(record):
    if "eventID" in record:
        return record["eventID"]
    return hashlib.sha256((record["eventSourceARN"] + record["dynamodb"]["SequenceNumber"]).encode()).hexdigest()


def stream_began(record):
    """The label of the stream, in epoch microseconds."""
    label = datetime.fromisoformat(record["eventSourceARN"].rsplit("/", 1)[1])
    return (label - datetime(1970, 1, 1)) // timedelta(microseconds=1)


def odd_stamps(record, prefix):
    """The stamp attributes that the record's new image brought and that no writer can have meant."""
    body = record.get("dynamodb", {}) if isinstance(record, dict) else {}
    old, new = body.get("OldImage") or {}, body.get("NewImage") or {}
    created = body.get("ApproximateCreationDateTime") or 0
    created = created / 1000 if created > 1e11 else created
    stamp = re.compile(re.escape(prefix) + r":(reset|[nt]:[a-z]+(-[a-z]+)+-\d+)\Z")

    def is_odd(name, value):
        number = value.get("N", "") if isinstance(value, dict) else ""
        try:
            number = float(number)
        except ValueError:
            return True
        if number != int(number) or not 0 <= number <= 253402300799999999:
            return True
        unit = 1e9 <= number < 1e14 and not name.startswith(f"{prefix}:n:")
        future = bool(created) and number / 1e6 > created + 901 and not name.startswith(f"{prefix}:n:")
        return unit or future

    return [name for name, value in new.items() if stamp.match(name) and old.get(name) != value and is_odd(name, value)]


class Case:
    def __init__(self, name, faults):
        self.name, self.faults = name, faults
        event_path = HERE / f"{name}.json"
        self.raw = raw_records(event_path.read_text(encoding="utf-8"))
        self.records = load(event_path)["Records"] or []
        self.expected = load(HERE / "expected" / f"{name}.json")
        self.verdicts = self.expected["records"]
        self.prefix = self.expected["settings"].get("STAMP_PREFIX", "lw")
        self.images = self.expected["settings"].get("LEDGER_IMAGES", "full")

    def need(self, holds, what):
        if not holds:
            self.faults.append(f"{self.name}: {what}")

    def check(self):
        fields = {"case", "settings", "records", "response", "ledger", "metrics"}
        self.need(set(self.expected) == fields, f"the expectation must have {sorted(fields)}")
        self.need(len(self.expected["case"]) > 20, "the case needs a sentence")
        self.need(set(self.expected["settings"]) <= SETTINGS, "a setting that is not known")
        self.need(all(isinstance(v, str) for v in self.expected["settings"].values()), "settings are strings")
        self.need(self.expected["response"] == {"batchItemFailures": []}, "no ledger fails here, so no batch failure")
        if len(self.records) != len(self.verdicts):
            self.need(False, f"{len(self.records)} records but {len(self.verdicts)} verdicts")
            return
        for at, (record, verdict) in enumerate(zip(self.records, self.verdicts, strict=False)):
            self.check_verdict(at, verdict)
            if verdict["verdict"] != "malformed":
                self.check_record(at, record)
        self.check_ledger()
        self.check_metrics()

    # The event: what Lambda sends.

    def check_record(self, at, record):
        body = record["dynamodb"]
        arn = ARN.match(record["eventSourceARN"])
        self.need(arn is not None, f"record {at}: not the ARN of a stream")
        self.need(arn and arn.group(1) == record["awsRegion"], f"record {at}: the ARN names another Region")
        self.need(record["eventName"] in ("INSERT", "MODIFY", "REMOVE"), f"record {at}: eventName")
        self.need(re.match(r"\d{21,40}\Z", body["SequenceNumber"]), f"record {at}: SequenceNumber")
        if "eventID" in record:
            self.need(re.match(r"[0-9a-f]{32}\Z", record["eventID"]), f"record {at}: eventID is not 32 hex digits")
        self.need(record.get("eventVersion", "1.1") == "1.1", f"record {at}: eventVersion")
        self.need(record.get("eventSource", "aws:dynamodb") == "aws:dynamodb", f"record {at}: eventSource")
        for image in ("OldImage", "NewImage"):
            held = body.get(image) or body["Keys"]
            self.need(body["Keys"].items() <= held.items(), f"record {at}: {image} does not hold the key")
        view = body.get("StreamViewType", "NEW_AND_OLD_IMAGES")
        if view == "NEW_AND_OLD_IMAGES":
            due = {"INSERT": {"NewImage"}, "REMOVE": {"OldImage"}, "MODIFY": {"OldImage", "NewImage"}}
            has = {"OldImage", "NewImage"} & set(body)
            self.need(has == due[record["eventName"]], f"record {at}: images do not fit the event name")

    # The verdicts: each has its own fields and no others.

    def check_verdict(self, at, verdict):
        name = verdict.get("verdict")
        self.need(name in METRIC_OF, f"record {at}: no such verdict: {name}")
        self.need(set(verdict) == FIELDS_OF.get(name, {"verdict"}), f"record {at}: fields do not fit {name}")
        for field in ("origin", "loser_region", "winner_region"):
            self.need(REGION.match(verdict.get(field, "x")), f"record {at}: {field}")
        if name == "malformed":
            return
        own = self.records[at]["awsRegion"]
        self.need(verdict.get("origin") != own, f"record {at}: replicated from its own Region")
        if name == "conflict":
            self.need(verdict["kind"] in CONFLICT_KINDS, f"record {at}: no such kind: {verdict['kind']}")
            self.need(verdict["confidence"] in ("certain", "probable"), f"record {at}: confidence")
            self.need(verdict["loser_region"] == own, f"record {at}: the loser is the stream's own Region")
            self.need(verdict["winner_region"] != own, f"record {at}: the winner is another Region")
            self.need(verdict["lost_writes"] >= 1 and verdict["returned_writes"] >= 0, f"record {at}: counts")
            names = verdict["differing_attributes"]
            self.need(names == sorted(set(names)), f"record {at}: names are not sorted")

    # The ledger: each entry belongs to a record and says what the record's verdict says.

    def check_ledger(self):
        ledger = self.expected["ledger"]
        keys = [(e["ItemKey"]["S"], e["ConflictId"]["S"]) for e in ledger]
        self.need(len(set(keys)) == len(keys), "two entries have one key")
        kept = set()
        for entry in ledger:
            kind = entry["Kind"]["S"]
            if kind == "malformed_record":
                kept.add(self.check_quarantined(entry))
                continue
            wanted = {"stale_overwrite": "stale_overwrite", "local_overwrite": "local_overwrite",
                      "unstamped_sample": "unstamped"}.get(kind, "suspected_conflict" if "Evidence" in entry else "conflict")
            odd = kind == "odd_stamp_sample"
            owners = [at for at, v in enumerate(self.verdicts)
                      if (odd_stamps(self.records[at], self.prefix) if odd else v["verdict"] == wanted)
                      and self.records[at]["dynamodb"]["SequenceNumber"] == entry["SequenceNumber"]["S"]]
            self.need(owners, f"an entry of kind {kind} belongs to no record")
            kept.update(owners)
            for at in owners:
                self.check_entry(at, entry, kind)
        choice = self.expected["settings"].get("LEDGER_OVERWRITES", "stale")
        due = {"conflict", "suspected_conflict", "malformed"} | {
            "none": set(), "stale": {"stale_overwrite"}, "all": {"stale_overwrite", "local_overwrite"}}[choice]
        for at, verdict in enumerate(self.verdicts):
            name = verdict["verdict"]
            if name != "unstamped" and not odd_stamps(self.records[at], self.prefix):
                self.need((at in kept) == (name in due), f"record {at}: {name}: in the ledger or not?")
        samples = int(self.expected["settings"].get("UNSTAMPED_SAMPLES_PER_MINUTE", 5))
        unstamped = [at for at, v in enumerate(self.verdicts) if v["verdict"] == "unstamped"]
        self.need([at for at in unstamped if at in kept] == unstamped[:samples], "samples are not the first ones")

    def check_quarantined(self, entry):
        self.need(set(entry) == QUARANTINE, "a malformed record's entry has other attributes")
        self.need(entry["ItemKey"] == {"S": "quarantine"} and entry["Status"] == {"S": "open"}, "quarantine")
        for at, raw in enumerate(self.raw):
            if entry["ConflictId"]["S"] == "malformed#" + hashlib.sha256(raw.encode()).hexdigest():
                self.need(entry["Record"]["S"] in ("*", raw), f"record {at}: Record is not its raw text")
                self.need(entry["Reason"] == {"S": "*"}, f"record {at}: Reason stands for any text")
                self.need(entry["TableName"]["S"] == table_of(self.records[at], self.records), f"record {at}: TableName")
                return at
        self.need(False, "a malformed entry has the SHA-256 of no record")
        return None

    def check_entry(self, at, entry, kind):
        record, verdict = self.records[at], self.verdicts[at]
        body = record["dynamodb"]
        say = f"record {at}: ledger: "
        sample = kind in ("unstamped_sample", "odd_stamp_sample")
        due = COMMON if sample else PAIR
        if kind == "odd_stamp_sample":
            due = due | {"Reason"}
        if self.images == "diff" and not sample:
            due = due | {"WinnerOnlyAttributes"}
        suspected = verdict["verdict"] == "suspected_conflict"
        lost = self.lost_writes(at) if kind in CONFLICT_KINDS and not suspected else {}
        due = due | set(lost) | ({"Evidence"} if suspected else set())
        self.need(set(entry) == due, say + "attributes")
        for name, value in lost.items():
            self.need(entry.get(name) == value, say + name)
        self.need(entry["Key"] == {"M": body["Keys"]}, say + "Key is not the record's")
        self.need(entry["ItemKey"]["S"] == item_key(body["Keys"]), say + "ItemKey is not the key in its one form")
        self.need(entry["TableName"]["S"] == table_of(record, self.records), say + "TableName")
        self.need(entry["EventId"]["S"] == event_id(record), say + "EventId")
        self.need(entry["Status"] == {"S": "open"}, say + "Status")
        moment, _, identity = entry["ConflictId"]["S"].partition("#")
        self.need(TIME.match(moment) and identity == event_id(record), say + "ConflictId")
        names = [name["S"] for name in entry["DifferingAttributes"]["L"]]
        self.need(names == sorted(set(names)) and not set(names) & set(body["Keys"]), say + "DifferingAttributes")
        if sample:
            self.need(entry["Confidence"] == {"S": "probable"}, say + "Confidence")
            return
        self.check_side(say, names, entry["Loser"]["M"], body["OldImage"])
        self.check_side(say, names, entry["Winner"]["M"], body["NewImage"])
        self.need(entry["Loser"]["M"].get("Region") == {"S": record["awsRegion"]}, say + "Loser.Region")
        self.need(not (names and entry["Identical"]["BOOL"]), say + "identical, and yet attributes differ")
        self.need(int(entry["LostWrites"]["N"]) >= 1, say + "LostWrites")
        winner = entry["Winner"]["M"]
        if suspected:
            self.need(entry["Evidence"] == {"S": "version"}, say + "Evidence")
            self.need(kind in CONFLICT_KINDS and entry["Confidence"] == {"S": "probable"}, say + "Kind or Confidence")
            self.need(entry["LostWrites"] == {"N": "1"}, say + "LostWrites")
            self.need(moment == rfc3339(body["ApproximateCreationDateTime"] * 1_000_000), say + "the record's time")
            self.need("WrittenAt" not in winner and winner.get("Region") != entry["Loser"]["M"]["Region"], say + "Winner")
        elif kind in CONFLICT_KINDS:
            self.need(kind == verdict["kind"], say + "Kind")
            self.need(entry["Confidence"]["S"] == verdict["confidence"], say + "Confidence")
            self.need(entry["LostWrites"]["N"] == str(verdict["lost_writes"]), say + "LostWrites")
            self.need(names == verdict["differing_attributes"], say + "DifferingAttributes")
            self.need(winner["Region"] == {"S": verdict["winner_region"]}, say + "Winner.Region")
            self.need(winner.get("WrittenAt", {"S": NO_TIME})["S"] == moment, say + "the winner's time")
        else:
            self.need(entry["Confidence"] == {"S": "probable"}, say + "Confidence")
            self.need(not {"Region", "WrittenAt"} & set(winner), say + "an overwrite's winner is not known")

    def lost_writes(self, at):
        """What the lost writes of a conflict changed, by another rule than the function's: by whole images.

        The write before is the local one of the same item that left what this one found.
        """
        body, region = self.records[at]["dynamodb"], self.records[at]["awsRegion"]
        winner = body["NewImage"]
        pair = {name: winner.get(name) for name in (f"{self.prefix}:n:{region}", f"{self.prefix}:t:{region}")}
        version, ancestor, complete, changed = body["OldImage"], None, False, set()
        for before in range(at - 1, -1, -1):
            earlier = self.records[before].get("dynamodb", {}) if isinstance(self.records[before], dict) else {}
            same = earlier.get("Keys") == body["Keys"] and earlier.get("NewImage") == version
            if complete or not same or self.verdicts[before]["verdict"] != "local":
                continue
            ancestor = earlier.get("OldImage") or {}
            changed |= {name for name in version.keys() | ancestor.keys() if version.get(name) != ancestor.get(name)}
            version = ancestor
            complete = all(ancestor.get(name) == value for name, value in pair.items())
        if ancestor is None:
            return {}
        own = sorted(name for name in changed if not name.startswith(self.prefix + ":") and name not in body["Keys"])

        def names(which):
            return {"L": [{"S": name} for name in which]}

        numbers = {name: {"S": ancestor[name]["N"]} for name in own if complete and "N" in ancestor.get(name, {})}
        found = {
            "ChangedAttributes": names(own),
            "ChangedAttributesComplete": {"BOOL": complete},
            "ChangedByBoth": names(name for name in own if winner.get(name) != ancestor.get(name)),
        }
        if numbers and self.images != "none":
            found["AncestorNumbers"] = {"M": numbers}
        return found

    def check_side(self, say, names, side, image):
        kept = {name: image[name] for name in names if name in image} if self.images == "diff" else dict(image)
        undecoded = [name["S"] for name in side.get("UndecodedAttributes", {"L": []})["L"]]
        if undecoded and "ImageGzip" in side:
            self.need("Image" not in side and set(undecoded) <= set(image), say + "what cannot be decoded")
        else:
            for name in undecoded:
                note = side["Image"]["M"][name]
                self.need(note["M"].keys() == {"Omitted", "Bytes"}, say + "what cannot be decoded is left out of the winner")
                kept[name] = note
            due = None if self.images == "none" else {"M": kept}
            self.need(side.get("Image") == due, say + "Image is not the record's")
        for region, pair in side["Stamps"]["M"].items():
            self.need(pair["M"] and set(pair["M"]) <= {"n", "t"}, say + "Stamps")
            for part, value in pair["M"].items():
                self.need(image.get(f"{self.prefix}:{part}:{region}") == value, say + f"Stamps: {part} of {region}")
        if "Region" in side:
            pair = side["Stamps"]["M"].get(side["Region"]["S"], {"M": {}})["M"]
            written = rfc3339(pair["t"]["N"]) if "t" in pair else None
            self.need(side.get("WrittenAt", {"S": None})["S"] == written, say + "WrittenAt is not the stamp's time")

    # The metrics: they add up, and agree with the verdicts.

    def check_metrics(self):
        given = {}
        for metric in self.expected["metrics"]:
            delay = metric["name"] == "PropagationDelay"
            fields = {"name", "unit", "dimensions", "count" if delay else "value"}
            self.need(set(metric) == fields, f"{metric['name']}: fields")
            self.need(metric["unit"] == ("Milliseconds" if delay else "Count"), f"{metric['name']}: unit")
            place = (metric["name"], tuple(sorted(metric["dimensions"].items())))
            self.need(place not in given, f"{metric['name']} stands twice with the same dimensions")
            given[place] = metric["count" if delay else "value"]
        due, delays = self.counted()
        for place, value in due.items():
            # How many writes had a time to measure from is the author's to say; that it is no more is checked.
            if place[0] == "PropagationDelay":
                self.need(given.get(place, 0) <= value, f"{place}: more samples than replicated writes")
            else:
                self.need(given.get(place) == value, f"{place}: {given.get(place)} given, the records add up to {value}")
        self.need(set(given) <= set(due), f"metrics that no record gives: {sorted(set(given) - set(due))}")
        for table in {dict(place[1])["TableName"] for place in given}:
            total = given.get(("PropagationDelay", (("TableName", table),)), 0)
            parts = sum(v for (name, dims), v in given.items()
                        if name == "PropagationDelay" and len(dims) == 2 and ("TableName", table) in dims)
            self.need(total == parts, f"PropagationDelay of {table}: {total} in all, {parts} by origin")
            self.need(total == delays.get(table, 0), f"PropagationDelay of {table}: times are in the images of "
                      f"{delays.get(table, 0)} replicated writes")

    def counted(self):
        """The sums of the verdicts as they are written, by metric and dimensions, and the delays by table."""
        sums: dict[tuple, float] = {}
        delays: dict[tuple, int] = {}

        def add(name, table, amount=1, **more):
            place = (name, tuple(sorted({"TableName": table, **more}.items())))
            sums[place] = sums.get(place, 0) + amount

        for record, verdict in zip(self.records, self.verdicts, strict=False):
            table, name = table_of(record, self.records), verdict["verdict"]
            for starred in STARRED:
                add(starred, table, 0)
            add("Records", table)
            if METRIC_OF[name]:
                add(METRIC_OF[name], table)
            if name in UNSTAMPED:
                add("UnstampedWrites", table)
            odd = odd_stamps(record, self.prefix)
            if odd:
                add("OddStamps", table)
            origin = verdict.get("origin") or verdict.get("winner_region")
            if origin:
                add("ReplicatedWrites", table, 0 if name == "replicated" else 1)
                add("ReplicatedWrites", table, OriginRegion=origin)
                add("PropagationDelay", table)
                add("PropagationDelay", table, OriginRegion=origin)
                time = record["dynamodb"]["NewImage"].get(f"{self.prefix}:t:{origin}")
                copied = record["eventName"] == "INSERT" and time and int(time["N"]) < stream_began(record)
                delays[table] = delays.get(table, 0) + bool(time and not odd and not copied)
            if name == "conflict":
                add("Conflicts", table, Kind=verdict["kind"])
                add("Conflicts", table, WinnerRegion=verdict["winner_region"])
                add("LostWrites", table, verdict["lost_writes"])
            if verdict.get("returned_writes"):
                add("ReturnedWrites", table, verdict["returned_writes"])
        return sums, delays


def main():
    faults = []
    events = {path.stem for path in HERE.glob("*.json")}
    expectations = {path.stem for path in (HERE / "expected").glob("*.json")}
    for name in sorted(events ^ expectations):
        faults.append(f"{name}: the event or its expectation is missing")
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    verdicts, kinds = set(), set()
    for name in sorted(events & expectations):
        if f"| `{name}` |" not in readme:
            faults.append(f"{name}: not in the table of README.md")
        try:
            case = Case(name, faults)
            case.check()
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            faults.append(f"{name}: {type(error).__name__}: {error}")
            continue
        verdicts |= {verdict["verdict"] for verdict in case.verdicts}
        kinds |= {entry["Kind"]["S"] for entry in case.expected["ledger"]}
    for name in sorted(set(METRIC_OF) - verdicts):
        faults.append(f"no case has the verdict {name}")
    for kind in sorted((CONFLICT_KINDS | OTHER_KINDS) - kinds):
        faults.append(f"no case has a ledger entry of kind {kind}")
    for fault in faults:
        print(fault)
    print(f"{len(events & expectations)} cases, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
