"""Reads, changes and sends mail as an application with the library O365 does, over https.

Usage: o365_judge.py SETTINGS, a JSON text with base, ca, tenant, client_id, secret, user and other. The inbox of user
holds 25 messages with the subjects "Mail 00" to "Mail 24", the oldest first; the last has an attachment named note.txt
with the text "hello". Writes one line a case and at the end how many were wrong.
"""

import base64
import email
import email.policy
import json
import logging
import os
import sys
import tempfile
import traceback
from pathlib import Path

from msal import ConfidentialClientApplication
from O365 import Account, MSGraphProtocol
from O365.utils.token import MemoryTokenBackend
from requests.exceptions import HTTPError

settings = json.loads(sys.argv[1])
logging.disable(logging.ERROR)
# requests would rather believe what a machine has in there than what a session is told.
os.environ["REQUESTS_CA_BUNDLE"] = settings["ca"]


class Sandbox(MSGraphProtocol):
    """Graph at another address; scopes are those of Graph."""

    _protocol_url = settings["base"] + "/"


def account(secret):
    made = Account(
        (settings["client_id"], secret),
        protocol=Sandbox(timezone="UTC"),
        auth_flow_type="credentials",
        tenant_id=settings["tenant"],
        main_resource=settings["user"],
        token_backend=MemoryTokenBackend(),
        verify_ssl=settings["ca"],
        requests_delay=0,
        default_headers={"Prefer": 'IdType="ImmutableId"'},
    )
    # O365 knows one sign-in service only.
    made.con._msal_client = ConfidentialClientApplication(
        settings["client_id"],
        client_credential=secret,
        authority=f"{settings['base']}/{settings['tenant']}",
        instance_discovery=False,
        verify=settings["ca"],
        token_cache=made.con.token_backend,
    )
    return made


ours = account(settings["secret"])
mailbox = ours.mailbox()
inbox = mailbox.inbox_folder()


def first(subject, of=inbox):
    return of.get_message(query=of.new_query().equals("subject", subject))


def tokens():
    assert not account("wrong").authenticate()
    assert ours.authenticate() and ours.is_authenticated


def folders():
    names = {folder.name for folder in mailbox.get_folders()}
    assert {"Inbox", "Drafts", "Sent Items", "Deleted Items"} <= names, names
    folder = mailbox.get_folder(folder_name="Inbox")
    assert (folder.total_items_count, folder.unread_items_count) == (25, 25), folder
    made = mailbox.create_child_folder("Done")
    below = made.create_child_folder("Below")
    assert made.update_folder_name("All done") and made.name == "All done"
    assert [child.name for child in made.get_folders()] == ["Below"]
    assert below.move_folder(mailbox.get_folder(folder_name="Inbox")) and below.delete()


def pages():
    found = inbox.get_messages(limit=None, batch=10, order_by="receivedDateTime asc")
    subjects = [message.subject for message in found]
    assert subjects == [f"Mail {number:02}" for number in range(25)], subjects


def filtered():
    query = inbox.new_query()
    asked = query.startswith("subject", "Mail 1") & query.select("subject", "received_date_time")
    found = list(inbox.get_messages(query=asked))
    assert {message.subject for message in found} == {f"Mail 1{number}" for number in range(10)}, found
    cut = first("Mail 20").received
    late = query.greater_equal("receivedDateTime", cut) & query.orderby(("receivedDateTime", False))
    subjects = [message.subject for message in inbox.get_messages(query=late)]
    assert subjects == ["Mail 24", "Mail 23", "Mail 22", "Mail 21", "Mail 20"], subjects
    searched = list(inbox.get_messages(query=query.search("Mail 07")))
    assert [message.subject for message in searched] == ["Mail 07"], searched


def read():
    message = first("Mail 07")
    assert message.sender.address == "carla@fabrikam.example" and not message.is_read
    assert [to.address for to in message.to] == [settings["user"]]
    assert "Number 7" in message.get_body_text(), message.body
    assert message.mark_as_read() and inbox.get_message(object_id=message.object_id).is_read
    assert message.mark_as_unread() and not inbox.get_message(object_id=message.object_id).is_read
    message.flag.set_flagged()
    message.add_category("Seen")
    assert message.save_message()
    again = inbox.get_message(object_id=message.object_id)
    assert again.flag.is_flagged and again.categories == ["Seen"], again


def mime():
    message = first("Mail 03")
    raw = email.message_from_bytes(message.get_mime_content(), policy=email.policy.default)
    assert (raw["subject"], raw.get_content().strip()) == ("Mail 03", "Number 3"), raw


def attachments():
    message = first("Mail 24")
    assert message.has_attachments and message.attachments.download_attachments()
    (file,) = message.attachments
    assert (file.name, base64.b64decode(file.content)) == ("note.txt", b"hello"), file


def move():
    message = first("Mail 04")
    done = mailbox.get_folder(folder_name="All done")
    assert message.move(done) and first("Mail 04") is None
    kept = first("Mail 04", done)
    assert kept.object_id == message.object_id
    copied = kept.copy(inbox)
    assert copied.object_id != kept.object_id and first("Mail 04").object_id == copied.object_id


def remove():
    message = first("Mail 05")
    assert message.delete() and first("Mail 05") is None
    assert first("Mail 05", mailbox.deleted_folder()).object_id == message.object_id


def letter(subject, body="Hi"):
    made = mailbox.new_message()
    made.to.add(settings["other"])
    made.subject, made.body = subject, body
    return made


other = ours.mailbox(resource=settings["other"])


def send():
    made = letter("Sent at once")
    made.attachments.add([(Path(__file__), "program.py")])
    assert made.send()
    got = first("Sent at once", other.inbox_folder())
    assert got.sender.address == settings["user"] and got.has_attachments, got
    assert got.attachments.download_attachments()
    assert base64.b64decode(got.attachments[0].content) == Path(__file__).read_bytes()
    kept = first("Sent at once", mailbox.sent_folder())
    assert kept.internet_message_id == got.internet_message_id and not kept.is_draft


def draft():
    begun = letter("Drafted")
    assert begun.save_draft() and begun.is_draft
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        # More than O365 sends at once: it opens an upload session.
        file.write(bytes(range(256)) * 4 * 1024 * 4)
        file.flush()
        begun.subject = "Drafted again"
        begun.attachments.add(file.name)
        assert begun.save_draft()
    assert begun.send()
    got = first("Drafted again", other.inbox_folder())
    assert got.attachments.download_attachments()
    assert base64.b64decode(got.attachments[0].content) == bytes(range(256)) * 4 * 1024 * 4


def reply():
    got = first("Sent at once", other.inbox_folder())
    begun = got.reply(to_all=False)
    assert begun.is_draft and begun.subject == "RE: Sent at once", begun
    assert [to.address for to in begun.to] == [settings["user"]]
    assert begun.conversation_id == got.conversation_id
    begun.body = "Thanks"
    assert begun.send()
    back = first("RE: Sent at once")
    raw = email.message_from_bytes(back.get_mime_content(), policy=email.policy.default)
    assert raw["in-reply-to"] == got.internet_message_id, raw
    onward = back.forward()
    onward.to.add(settings["other"])
    assert onward.subject == "FW: Sent at once" or onward.subject == "FW: RE: Sent at once", onward
    assert onward.send()


def refusals():
    for call, status in [
        (lambda: inbox.get_message(object_id="AAA"), 400),
        (lambda: ours.mailbox(resource="nobody@contoso.example").get_folder(folder_name="Inbox"), 404),
        (lambda: list(inbox.get_messages(query="subject like 'x'")), 400),
    ]:
        try:
            call()
        except HTTPError as error:
            assert error.response.status_code == status and "Error Message: " in str(error), error
        else:
            raise AssertionError(f"not refused with {status}")


wrong = 0
reading = [tokens, folders, pages, filtered, read, mime, attachments]
for case in [*reading, move, remove, send, draft, reply, refusals]:
    try:
        case()
        print("right", case.__name__)
    except Exception:
        wrong += 1
        print("WRONG", case.__name__, traceback.format_exc())
print(f"{wrong} wrong")
