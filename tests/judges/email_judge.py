#!/usr/bin/env python3
"""Compares the goldens of tests/fixtures/mail with what Python's `email` package makes of the same mails.

    python3 tests/judges/email_judge.py

Compared are subject, from, sender, replyTo, to, cc, date, and of each attachment its name, its type and its decoded
bytes; the text where the message is one text part. What differs stands in email_differences.txt under its reason,
with a ~ before it where it depends on the version of Python. A difference that is not listed, and a listed one that
is none any more, end the program with 1.

Python is asked as its manual says: the default policy first, and the old functions of `email.utils` and
`email.header` where that one raises an exception.
"""

import email
import email.header
import email.policy
import email.utils
import hashlib
import json
import pathlib
import re
import sys
from datetime import timezone

HERE = pathlib.Path(__file__).resolve().parent
MAIL = HERE.parent / "fixtures" / "mail"
LIST = HERE / "email_differences.txt"
HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def one_line(text):
    """As the service shows header text: blanks and control characters in a row are one blank, no NUL."""
    text = str(text).replace("\0", "")
    try:
        # Python keeps the bytes of undeclared UTF-8 for whoever asks.
        text = text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        pass
    words = re.split(r"[ \x00-\x1f\x7f-\x9f]+", text)
    return " ".join(word for word in words if word)


def old_header(message, name):
    value = message.get(name)
    if value is None:
        return None
    return str(email.header.make_header(email.header.decode_header(value)))


class Reader:
    """One message, as Python reads it."""

    def __init__(self, raw):
        self.new = email.message_from_bytes(raw, policy=email.policy.default)
        self.old = email.message_from_bytes(raw)

    def subject(self):
        try:
            return one_line(self.new["subject"] or "")
        except Exception:
            return one_line(old_header(self.old, "subject") or "")

    def addresses(self, name):
        try:
            headers = self.new.get_all(name, [])
            found = [(a.display_name, a.addr_spec) for header in headers for a in header.addresses]
        except Exception:
            values = [str(value) for value in self.old.get_all(name, [])]
            found = [(str(email.header.make_header(email.header.decode_header(name))), address)
                     for name, address in email.utils.getaddresses(values)]
        found = [(one_line(name) or None, one_line(address)) for name, address in found]
        # A name that says nothing but the address is none; an address that is none is the name, without its quotes.
        found = [(None if name == address else name, address) for name, address in found]
        found = [(name, address) if address not in ("", "<>") else (None, name) for name, address in found]
        found = [(name, address if "@" in (address or "") else (address or "").strip('"')) for name, address in found]
        return [list(one) for one in found if one[1]]

    def date(self):
        try:
            header = self.new["date"]
            moment = header.datetime if header is not None else None
        except Exception:
            try:
                moment = email.utils.parsedate_to_datetime(self.old["date"])
            except Exception:
                moment = None
        if moment is None:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        try:
            return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        except OverflowError:
            return None

    def parts(self):
        """Numbered as the service does: in the order in which they begin, attached messages not opened."""
        found = []

        def walk(part):
            found.append(part)
            if part.get_content_maintype() == "multipart" and part.is_multipart():
                for inner in part.get_payload():
                    walk(inner)

        walk(self.old)
        return found


def decoded(part):
    """The decoded bytes; of an attached message those of its parts, for Python has no others."""
    payload = part.get_payload(decode=True)
    if payload is not None:
        return payload
    inner = part.get_payload()
    if part.get_content_maintype() == "message" and isinstance(inner, list):
        return b"".join(one.as_bytes() for one in inner)
    return b"".join(b"" if one is None else one.as_bytes() for one in inner) if isinstance(inner, list) else b""


def same_bytes(part, golden):
    content = decoded(part)
    candidates = [content]
    if part.get_content_maintype() == "message":
        # Python writes attached messages anew, with its own line ends.
        crlf = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        candidates += [crlf, crlf.removesuffix(b"\r\n"), crlf + b"\r\n"]
    return any(hashlib.sha256(one).hexdigest() == golden["sha256"] for one in candidates)


def file_name(part):
    try:
        name = part.get_filename()
        name = str(email.header.make_header(email.header.decode_header(name))) if name else None
    except Exception:
        name = None
    if name is None:
        return None
    # As the service makes names fit for a file system.
    name = re.split(r"[/\\]", name.replace("\0", ""))[-1]
    name = HIDDEN.sub("", re.sub(r"[\x00-\x1f\x7f-\x9f]", "", name))
    name = one_line(re.sub(r'[<>:"|?*]', "_", name)).strip(". ")
    return name or None


def text(part):
    charset = part.get_content_charset("utf-8") or "utf-8"
    try:
        content = part.get_payload(decode=True).decode(charset)
    except (LookupError, UnicodeDecodeError):
        return None
    return content.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").removeprefix("\ufeff").rstrip()


def same(ours, theirs):
    """Long texts stand in a golden by their hash."""
    if isinstance(ours, dict) and isinstance(theirs, str):
        return ours["sha256"] == hashlib.sha256(theirs.encode("utf-8", "surrogateescape")).hexdigest()
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return ours == theirs


def differences(raw, golden):
    """Yields (field, what the golden says, what Python says)."""
    reader = Reader(raw)

    def compare(field, ours, theirs):
        if not same(ours, theirs):
            yield field, ours, theirs

    yield from compare("subject", golden["subject"].rstrip(), reader.subject()[:2000].rstrip())
    for field, header in (("from", "From"), ("sender", "Sender"), ("reply_to", "Reply-To"), ("to", "To"), ("cc", "Cc")):
        theirs = reader.addresses(header)
        ours = golden[field]
        if field in ("from", "sender"):
            ours, theirs = ([] if ours is None else [ours]), theirs[:1]
        if isinstance(ours, dict):
            theirs, ours = len(theirs), ours["count"]
        else:
            ours = [[one["name"], one["address"]] for one in ours]
        yield from compare(field, ours, theirs)
    yield from compare("date", golden["sent_at"], reader.date())
    parts = reader.parts()
    attachments = golden["attachments"]
    if isinstance(attachments, dict):
        attachments = attachments["begins"]
    for ours in attachments:
        field = f"part-{ours['part']}"
        if ours["part"] >= len(parts):
            yield field, "an attachment", "no such part"
            continue
        part = parts[ours["part"]]
        yield from compare(f"{field}-type", ours["content_type"], part.get_content_type())
        if not same_bytes(part, ours):
            yield f"{field}-bytes", f"{ours['size']} bytes", f"{len(decoded(part))} bytes: {decoded(part)[:60]!r}"
        name = file_name(part)
        if name is not None:
            yield from compare(f"{field}-name", ours["filename"], name)
        elif not re.fullmatch(r"attachment-\d+\.\w+|.*\.eml", ours["filename"]):
            yield f"{field}-name", ours["filename"], None
    if not parts[0].is_multipart() and parts[0].get_content_type() == "text/plain" and isinstance(golden["text"], str):
        if not golden["attachments"] and (theirs := text(parts[0])) is not None:
            yield from compare("text", golden["text"].rstrip(), theirs)


def allowed():
    """(mail, field): reason, as listed; and those that depend on the version of Python."""
    reasons, reason, varies = {}, None, set()
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            reason = line[3:].strip()
        elif line.strip() and not line.startswith("#"):
            mail, field = line.removeprefix("~").split()
            varies |= {(mail, field)} if line.startswith("~") else set()
            assert reason, f"'{line}' stands under no reason"
            assert (mail, field) not in reasons, f"'{line}' is listed twice"
            reasons[mail, field] = reason
    return reasons, varies


def main():
    listed, varies = allowed()
    seen, wrong, mails = set(), 0, sorted(MAIL.rglob("*.eml"))
    for path in mails:
        name = str(path.relative_to(MAIL).with_suffix(""))
        golden = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        for field, ours, theirs in differences(path.read_bytes(), golden):
            seen.add((name, field))
            if (name, field) not in listed:
                wrong += 1
                print(f"{name} {field}\n    golden: {ours!r:.300}\n    Python: {theirs!r:.300}")
    for name, field in sorted(listed.keys() - seen - varies):
        wrong += 1
        print(f"{name} {field}: listed, but Python agrees now: take it out of {LIST.name}")
    print(f"{len(mails)} mails, {len(seen)} differences, {len(listed)} listed, {wrong} wrong")
    return 1 if wrong or len(mails) < 300 else 0


if __name__ == "__main__":
    sys.exit(main())
