"""Reads and changes mail as an application with Microsoft's msgraph-sdk does, over https.

Usage: sdk_judge.py SETTINGS, a JSON text with base, ca, tenant, client_id, secret, user and other. The inbox of user
holds 25 messages with the subjects "Mail 00" to "Mail 24", the oldest first; the last has an attachment named note.txt
with the text "hello". Writes one line a case and at the end how many were wrong.
"""

import asyncio
import json
import ssl
import sys
import time
import traceback
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import httpx
from azure.identity import ClientSecretCredential
from kiota_abstractions.api_error import APIError
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.attachment_item import AttachmentItem
from msgraph.generated.models.attachment_type import AttachmentType
from msgraph.generated.models.file_attachment import FileAttachment
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.mail_folder import MailFolder
from msgraph.generated.models.message import Message
from msgraph.generated.models.recipient import Recipient
from msgraph.generated.models.subscription import Subscription
from msgraph.generated.users.item.mail_folders.item.messages.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.generated.users.item.mail_folders.item.messages.messages_request_builder import MessagesRequestBuilder
from msgraph.generated.users.item.messages.item.attachments.create_upload_session.create_upload_session_post_request_body import (
    CreateUploadSessionPostRequestBody,
)
from msgraph.generated.users.item.messages.item.copy.copy_post_request_body import CopyPostRequestBody
from msgraph.generated.users.item.messages.item.create_reply.create_reply_post_request_body import (
    CreateReplyPostRequestBody,
)
from msgraph.generated.users.item.messages.item.move.move_post_request_body import MovePostRequestBody
from msgraph.generated.users.item.send_mail.send_mail_post_request_body import SendMailPostRequestBody
from msgraph_core import GraphClientFactory
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem

settings = json.loads(sys.argv[1])
IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}
ListQuery = MessagesRequestBuilder.MessagesRequestBuilderGetQueryParameters
DeltaQuery = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters


def client_for(secret):
    trust = ssl.create_default_context(cafile=settings["ca"])
    credential = ClientSecretCredential(
        settings["tenant"],
        settings["client_id"],
        secret,
        authority=settings["base"],
        disable_instance_discovery=True,
        connection_verify=settings["ca"],
    )
    host = urlsplit(settings["base"])
    auth = AzureIdentityAuthenticationProvider(
        credential,
        scopes=["https://graph.microsoft.com/.default"],
        allowed_hosts=[host.hostname, host.netloc],
    )
    plain = httpx.AsyncClient(base_url=settings["base"] + "/v1.0", verify=trust, timeout=30)
    # With its own handling of retries and redirects.
    http = GraphClientFactory.create_with_default_middleware(client=plain, host=settings["base"])
    return GraphServiceClient(request_adapter=GraphRequestAdapter(auth, client=http))


graph = client_for(settings["secret"])
user = graph.users.by_user_id(settings["user"])
inbox = user.mail_folders.by_mail_folder_id("inbox")


def asking(query=None, **fields):
    config = RequestConfiguration(query_parameters=query)
    for name, value in {**IMMUTABLE, **fields}.items():
        config.headers.add(name, value)
    return config


async def folders():
    found = (await user.mail_folders.get()).value
    names = {folder.display_name for folder in found}
    assert {"Inbox", "Drafts", "Sent Items", "Deleted Items"} <= names, names
    folder = await inbox.get()
    assert (folder.total_item_count, folder.unread_item_count) == (25, 25), folder


async def pages():
    query = ListQuery(top=10, select=["subject", "receivedDateTime"], orderby=["receivedDateTime asc"], count=True)
    page = await inbox.messages.get(asking(query))
    assert page.odata_count == 25, page.odata_count
    subjects = [message.subject for message in page.value]
    while page.odata_next_link:
        page = await inbox.messages.with_url(page.odata_next_link).get(asking())
        subjects += [message.subject for message in page.value]
    assert subjects == [f"Mail {number:02}" for number in range(25)], subjects


async def filtered():
    page = await inbox.messages.get(asking(ListQuery(filter="subject eq 'Mail 07'")))
    assert [message.subject for message in page.value] == ["Mail 07"], page.value
    message = page.value[0]
    assert message.from_.email_address.address == "carla@fabrikam.example", message.from_
    assert message.is_read is False and message.received_date_time.tzinfo is not None
    assert message.body.content_type == BodyType.Html and "Number 7" in message.body.content, message.body
    text = asking(Prefer='outlook.body-content-type="text"')
    message = await user.messages.by_message_id(message.id).get(text)
    assert message.body.content_type == BodyType.Text and message.body.content.strip() == "Number 7", message.body


async def first(subject):
    found = (await inbox.messages.get(asking(ListQuery(filter=f"subject eq '{subject}'")))).value
    return found[0] if found else None


async def mime():
    message = await first("Mail 03")
    raw = await user.messages.by_message_id(message.id).content.get()
    assert b"Number 3" in raw and b"ubject: Mail 03" in raw, raw


async def attachments():
    message = await first("Mail 24")
    assert message.has_attachments
    found = (await user.messages.by_message_id(message.id).attachments.get()).value
    assert [(one.name, one.content_type) for one in found] == [("note.txt", "text/plain")], found
    assert found[0].odata_type == "#microsoft.graph.fileAttachment"
    # The service sends plain base64; the library's name for it is base64url.
    assert found[0].content_bytes in (b"hello", b"aGVsbG8="), found[0].content_bytes


async def delta():
    page = await inbox.messages.delta.get(asking(DeltaQuery(select=["subject"]), Prefer="odata.maxpagesize=10"))
    seen = {}
    while True:
        seen.update({message.id: message.subject for message in page.value})
        if page.odata_delta_link:
            break
        page = await inbox.messages.delta.with_url(page.odata_next_link).get(asking())
    assert sorted(seen.values()) == [f"Mail {number:02}" for number in range(25)], seen
    gone = await first("Mail 00")
    read = await first("Mail 01")
    await user.messages.by_message_id(gone.id).move.post(MovePostRequestBody(destination_id="archive"), asking())
    await user.messages.by_message_id(read.id).patch(Message(is_read=True), asking())
    page = await inbox.messages.delta.with_url(page.odata_delta_link).get(asking())
    told = {message.id: message.additional_data.get("@removed") for message in page.value}
    assert set(told) == {gone.id, read.id}, told
    assert told[gone.id] and not told[read.id], told
    assert page.odata_delta_link


async def change():
    message = user.messages.by_message_id((await first("Mail 02")).id)
    changed = await message.patch(Message(is_read=True, categories=["Seen"]), asking())
    assert changed.is_read and changed.categories == ["Seen"], changed
    again = await message.get(asking())
    assert again.is_read and again.categories == ["Seen"]


async def move():
    message = await first("Mail 04")
    folder = await user.mail_folders.post(MailFolder(display_name="Done"), asking())
    moved = await user.messages.by_message_id(message.id).move.post(
        MovePostRequestBody(destination_id=folder.id), asking()
    )
    assert (moved.id, moved.parent_folder_id) == (message.id, folder.id), moved
    copied = await user.messages.by_message_id(message.id).copy.post(
        CopyPostRequestBody(destination_id="inbox"), asking()
    )
    assert copied.id != message.id and copied.subject == "Mail 04", copied


async def remove():
    plain, whole = await first("Mail 05"), await first("Mail 06")
    await user.messages.by_message_id(plain.id).delete(asking())
    there = await user.messages.by_message_id(plain.id).get(asking())
    deleted = await user.mail_folders.by_mail_folder_id("deleteditems").get()
    assert there.parent_folder_id == deleted.id, there
    await user.messages.by_message_id(whole.id).permanent_delete.post(asking())
    purged = await user.messages.by_message_id(whole.id).get(asking())
    purges = await user.mail_folders.by_mail_folder_id("recoverableitemspurges").get()
    assert purged.parent_folder_id == purges.id, purged
    assert await first("Mail 06") is None


other = graph.users.by_user_id(settings["other"])


def letter(subject, text, *attachments):
    to = [Recipient(email_address=EmailAddress(address=settings["other"]))]
    body = ItemBody(content_type=BodyType.Text, content=text)
    return Message(subject=subject, body=body, to_recipients=to, attachments=list(attachments) or None)


async def only(mailbox, folder, subject):
    found = await mailbox.mail_folders.by_mail_folder_id(folder).messages.get(
        asking(ListQuery(filter=f"subject eq '{subject}'"))
    )
    assert len(found.value) == 1, found.value
    return found.value[0]


async def send():
    file = FileAttachment(
        odata_type="#microsoft.graph.fileAttachment", name="a.txt", content_type="text/plain", content_bytes=b"YWJj"
    )
    await user.send_mail.post(SendMailPostRequestBody(message=letter("Sent at once", "Hi", file), save_to_sent_items=True))
    got = await only(other, "inbox", "Sent at once")
    assert got.from_.email_address.address == settings["user"] and got.has_attachments, got
    kept = await only(user, "sentitems", "Sent at once")
    assert kept.internet_message_id == got.internet_message_id and not kept.is_draft


async def draft():
    begun = await user.messages.post(letter("Drafted", "First"), asking())
    assert begun.is_draft, begun
    one = user.messages.by_message_id(begun.id)
    await one.patch(Message(subject="Drafted again"), asking())
    await one.attachments.post(
        FileAttachment(odata_type="#microsoft.graph.fileAttachment", name="b.bin", content_bytes=b"AAEC"), asking()
    )
    await one.send.post(asking())
    got = await only(other, "inbox", "Drafted again")
    found = (await other.messages.by_message_id(got.id).attachments.get(asking())).value
    assert [(each.name, each.size > 0) for each in found] == [("b.bin", True)], found
    kept = await one.get(asking())
    assert not kept.is_draft, kept


async def reply():
    got = await only(other, "inbox", "Sent at once")
    begun = await other.messages.by_message_id(got.id).create_reply.post(
        CreateReplyPostRequestBody(comment="Thanks"), asking()
    )
    assert begun.is_draft and begun.subject == "RE: Sent at once", begun
    assert [to.email_address.address for to in begun.to_recipients] == [settings["user"]], begun
    assert begun.conversation_id == got.conversation_id, (begun.conversation_id, got.conversation_id)
    await other.messages.by_message_id(begun.id).send.post(asking())
    back = await only(user, "inbox", "RE: Sent at once")
    raw = await user.messages.by_message_id(back.id).content.get()
    assert b"n-reply-to: " + got.internet_message_id.encode().lower() in raw.lower(), raw


async def batch():
    content = BatchRequestContent()
    for number, request in enumerate([
        user.mail_folders.by_mail_folder_id("inbox").to_get_request_information(),
        user.messages.by_message_id("AAA").to_get_request_information(),
    ], 1):
        content.add_request(str(number), BatchRequestItem(request, id=str(number)))
    answers = await graph.batch.post(content)
    statuses = {key: each.status for key, each in answers.responses.items()}
    assert statuses == {"1": 200, "2": 400}, statuses


async def refused(call, status, code):
    try:
        await call
    except APIError as error:
        assert (error.response_status_code, error.error.code) == (status, code), error
        assert error.error.inner_error.request_id, error
        return
    raise AssertionError("not refused")


async def refusals():
    nobody = graph.users.by_user_id("nobody@contoso.example").messages
    await refused(nobody.get(), 404, "ErrorInvalidUser")
    await refused(user.messages.by_message_id("AAA").get(), 400, "ErrorInvalidIdMalformed")
    moved = (await user.mail_folders.by_mail_folder_id("archive").messages.get()).value[0].id
    await user.messages.by_message_id(moved).move.post(MovePostRequestBody(destination_id="inbox"))
    await refused(user.messages.by_message_id(moved).get(), 404, "ErrorItemNotFound")
    await refused(user.mail_folders.by_mail_folder_id("inbox").messages.get(
        asking(ListQuery(filter="subject like 'x'"))), 400, "RequestBroker--ParseUri")


async def upload():
    begun = await user.messages.post(letter("With a large part", "Hi"), asking())
    one = user.messages.by_message_id(begun.id)
    large = bytes(range(256)) * 4 * 1024 * 4
    item = AttachmentItem(attachment_type=AttachmentType.File, name="large.bin", size=len(large))
    session = await one.attachments.create_upload_session.post(
        CreateUploadSessionPostRequestBody(attachment_item=item), asking()
    )
    assert session.next_expected_ranges == ["0-"] and session.expiration_date_time.tzinfo, session
    # The library's own LargeFileUploadTask reads OneDrive's ranges only: Outlook's are single numbers.
    trust = ssl.create_default_context(cafile=settings["ca"])
    async with httpx.AsyncClient(verify=trust) as http:
        start, size = 0, 3 * 1024 * 1024
        while True:
            piece = large[start : start + size]
            span = f"bytes {start}-{start + len(piece) - 1}/{len(large)}"
            answer = await http.put(session.upload_url, content=piece, headers={"Content-Range": span})
            if answer.status_code == 201:
                break
            assert answer.status_code == 200, answer.text
            (start,) = map(int, answer.json()["nextExpectedRanges"])
    assert "/attachments/" in answer.headers["location"]
    (part,) = (await one.attachments.get(asking())).value
    assert part.name == "large.bin" and part.content_bytes == large, (part.name, part.size)
    await one.send.post(asking())
    assert (await only(other, "inbox", "With a large part")).has_attachments


async def control(method, path, body=None):
    trust = ssl.create_default_context(cafile=settings["ca"])
    async with httpx.AsyncClient(verify=trust) as http:
        answer = await http.request(method, f"{settings['base']}/sandbox/{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None


async def retries():
    await control("POST", "faults", {"name": "busy", "path": "/users/**", "status": 429, "retryAfter": 1, "count": 2})
    begun = time.monotonic()
    assert (await inbox.get()).display_name == "Inbox"
    assert time.monotonic() - begun >= 2, "it waited as long as it was told to, twice"
    await control("DELETE", "faults/busy")
    await control("POST", "faults", {"name": "full", "path": "/users/**", "status": 429, "retryAfter": 600})
    try:
        # More than the library would wait.
        await refused(inbox.get(), 429, "ApplicationThrottled")
    finally:
        await control("DELETE", "faults/full")


class Receiver:
    """Who is told what happens."""

    def __init__(self):
        self.told, self.more = [], asyncio.Condition()

    async def hear(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        token = parse_qs(urlsplit(head.split()[1]).query).get("validationToken", [""])[0]
        status = "200 OK" if token else "202 Accepted"
        answer = f"HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {len(token)}\r\n\r\n{token}"
        writer.write(answer.encode())
        await writer.drain()
        writer.close()
        if not token:
            async with self.more:
                self.told += json.loads(body)["value"]
                self.more.notify_all()

    async def next(self, wanted):
        """Waits for a notification that is as wanted, whatever else comes."""
        async with asyncio.timeout(30), self.more:
            await self.more.wait_for(lambda: any(map(wanted, self.told)))
            return next(filter(wanted, self.told))


async def notified():
    receiver = Receiver()
    server = await asyncio.start_server(receiver.hear, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    until = datetime.now(timezone.utc) + timedelta(hours=1)
    wanted = Subscription(
        change_type="created,updated", notification_url=url, lifecycle_notification_url=url, client_state="secret",
        resource=f"users/{settings['user']}/mailFolders('inbox')/messages", expiration_date_time=until,
    )
    made = await graph.subscriptions.post(wanted, asking())
    assert made.id and abs(made.expiration_date_time - until) < timedelta(seconds=1), made
    await refused(graph.subscriptions.post(wanted, asking()), 409, "Conflict")
    message = await first("Mail 07")
    await user.messages.by_message_id(message.id).patch(Message(is_read=True), asking())
    told = await receiver.next(lambda one: one.get("resourceData", {}).get("id") == message.id)
    assert (told["subscriptionId"], told["clientState"], told["changeType"]) == (made.id, "secret", "updated"), told
    subscription = graph.subscriptions.by_subscription_id(made.id)
    renewed = await subscription.patch(Subscription(expiration_date_time=until + timedelta(hours=1)), asking())
    assert renewed.expiration_date_time > made.expiration_date_time
    for event in ["reauthorizationRequired", "missed", "subscriptionRemoved"]:
        assert await control("POST", f"subscriptions/{made.id}/{event}") == {"taken": True}
        told = await receiver.next(lambda one, event=event: one.get("lifecycleEvent") == event)
        assert (told["subscriptionId"], told["clientState"]) == (made.id, "secret"), told
        if event == "reauthorizationRequired":
            await subscription.reauthorize.post()
    await refused(subscription.get(), 404, "ResourceNotFound")
    again = await graph.subscriptions.post(wanted, asking())
    await graph.subscriptions.by_subscription_id(again.id).delete()
    assert (await graph.subscriptions.get()).value == []
    server.close()


async def main():
    wrong = 0
    reading = [folders, pages, filtered, mime, attachments, delta]
    for case in [*reading, change, move, remove, send, draft, reply, batch, refusals, upload, retries, notified]:
        try:
            await case()
            print("right", case.__name__)
        except Exception:
            wrong += 1
            print("WRONG", case.__name__, traceback.format_exc())
    print(f"{wrong} wrong")


asyncio.run(main())
