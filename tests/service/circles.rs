//! What would make the same mail come again for ever is refused when the job is saved, in whatever spelling.

use mailroom::db;
use mailroom::domain::entra::{EntraCloud, EntraIdentity};
use mailroom::domain::folder::{FolderAssignment, FolderRole};
use mailroom::domain::handling::{Handling, OriginalFate};
use mailroom::domain::job::Selection;
use mailroom::domain::mailbox::{Mailbox, MailboxMode};
use mailroom::service::credential::{CreateCredential, CredentialConfig};
use mailroom::service::job::{CreateJob, DispositionInput, FirstJob, HandlingInput, create};
use mailroom::service::mailbox::{CreateMailbox, GraphInput, ProviderInput, UpdateMailbox, update};
use mailroom::service::{self, Error, Patch};

use super::mailboxes::change;
use super::{Office, first_job, refusals};
use crate::harness::database::{Fresh, on_both};

on_both!(
    in_office_365_a_folder_is_one_in_any_spelling,
    deleting_into_the_deleted_items_that_a_job_reads_is_refused,
    over_imap_the_deleted_items_are_known_where_they_are_assigned,
    a_mailbox_gets_no_roles_that_lead_its_jobs_in_a_circle,
    back_from_checking_only_a_job_for_unread_mail_marks_all_of_it,
);

async fn graph(office: &Office, name: &str) -> Mailbox {
    let identity = EntraIdentity { tenant_id: None, client_id: None, cloud: EntraCloud::Global };
    let config = CredentialConfig::EntraManagedIdentity(identity);
    let credential = CreateCredential { name: name.to_owned(), config };
    let credential = service::credential::create(&office.cx, &office.permit, credential).await.unwrap();
    let provider =
        ProviderInput::Graph(GraphInput { user: format!("{name}@contoso.example"), endpoint: None });
    let input = CreateMailbox { credential_id: Some(credential.id), provider, ..super::mailbox(name) };
    service::mailbox::create(&office.cx, &office.permit, input).await.unwrap()
}

fn job(mailbox: &Mailbox, folder: &str, original: OriginalFate, target: Option<&str>) -> CreateJob {
    let target = target.map(str::to_owned);
    let end = DispositionInput { mark_read: true, original, folder: target, categories: Vec::new() };
    let handling = Some(HandlingInput { on_failure: Some(end), ..HandlingInput::default() });
    let name = format!("{} of {}", uuid::Uuid::now_v7().simple(), mailbox.title);
    let job = FirstJob { name: Some(name), folder: folder.to_owned(), handling, ..first_job() };
    CreateJob { mailbox_id: mailbox.id, job }
}

async fn refused(office: &Office, job: CreateJob) -> Vec<String> {
    let answer = create(&office.cx, &office.permit, job).await;
    if let Err(Error::Refused(errors)) = &answer {
        for error in errors {
            let says = ["taken in again", "the folder that the job reads", "has a job already"];
            assert!(says.iter().any(|part| error.message.contains(part)), "{}", error.message);
        }
    }
    refusals(answer)
}

async fn in_office_365_a_folder_is_one_in_any_spelling(fresh: Fresh) {
    use OriginalFate::{Keep, Move};
    let office = Office::open(fresh);
    let mailbox = graph(&office, "desk").await;
    let folder = ["INVALID handling.onFailure.folder"];
    for (reads, target) in
        [("INBOX", "inbox"), ("Inbox/Sub", "INBOX/sub"), ("Support", "SUPPORT"), ("archive", "Archive")]
    {
        assert_eq!(refused(&office, job(&mailbox, reads, Move, Some(target))).await, folder, "{target}");
    }
    create(&office.cx, &office.permit, job(&mailbox, "Junk Email", Keep, None)).await.unwrap();
    assert_eq!(refused(&office, job(&mailbox, "INBOX", Move, Some("JunkEmail"))).await, folder);
    assert_eq!(refused(&office, job(&mailbox, "junkemail", Keep, None)).await, ["TAKEN folder"]);
    // Over IMAP these are two folders.
    let imap = office.mailbox("imap").await;
    create(&office.cx, &office.permit, job(&imap, "Support", Move, Some("SUPPORT"))).await.unwrap();
    assert_eq!(refused(&office, job(&imap, "inbox/Sub", Move, Some("INBOX/Sub"))).await, folder);
}

async fn deleting_into_the_deleted_items_that_a_job_reads_is_refused(fresh: Fresh) {
    use OriginalFate::{Delete, Keep};
    let office = Office::open(fresh);
    let mailbox = graph(&office, "desk").await;
    let original = ["INVALID handling.onFailure.original"];
    assert_eq!(refused(&office, job(&mailbox, "Deleted Items", Delete, None)).await, original);
    create(&office.cx, &office.permit, job(&mailbox, "deleteditems", Keep, None)).await.unwrap();
    assert_eq!(refused(&office, job(&mailbox, "INBOX", Delete, None)).await, original);
    let other = graph(&office, "other").await;
    create(&office.cx, &office.permit, job(&other, "INBOX", Delete, None)).await.unwrap();
    assert_eq!(refused(&office, job(&other, "Deleted Items", Keep, None)).await, ["INVALID folder"]);
}

async fn over_imap_the_deleted_items_are_known_where_they_are_assigned(fresh: Fresh) {
    use OriginalFate::{Delete, Keep};
    let office = Office::open(fresh);
    let credential = office.credential("imap").await;
    let bin = FolderAssignment { role: FolderRole::Trash, path: "Bin".to_owned() };
    let input = CreateMailbox {
        credential_id: Some(credential.id),
        folder_roles: vec![bin],
        ..super::mailbox("imap")
    };
    let mailbox = service::mailbox::create(&office.cx, &office.permit, input).await.unwrap();
    create(&office.cx, &office.permit, job(&mailbox, "INBOX", Delete, None)).await.unwrap();
    assert_eq!(refused(&office, job(&mailbox, "Bin", Keep, None)).await, ["INVALID folder"]);
    // Where nothing is assigned, only the server knows.
    let unknown = office.mailbox("unknown").await;
    create(&office.cx, &office.permit, job(&unknown, "INBOX", Delete, None)).await.unwrap();
    create(&office.cx, &office.permit, job(&unknown, "Bin", Keep, None)).await.unwrap();
}

async fn a_mailbox_gets_no_roles_that_lead_its_jobs_in_a_circle(fresh: Fresh) {
    use OriginalFate::{Delete, Keep};
    let office = Office::open(fresh);
    let mailbox = office.mailbox("desk").await;
    create(&office.cx, &office.permit, job(&mailbox, "INBOX", Delete, None)).await.unwrap();
    create(&office.cx, &office.permit, job(&mailbox, "Bin", Keep, None)).await.unwrap();
    let bin = |path: &str| UpdateMailbox {
        folder_roles: Patch::Set(vec![FolderAssignment { role: FolderRole::Trash, path: path.to_owned() }]),
        ..change(mailbox.id)
    };
    for path in ["Bin", "inbox"] {
        let refused = update(&office.cx, &office.permit, bin(path)).await;
        assert_eq!(refusals(refused), ["INVALID folderRoles"], "{path}");
    }
    update(&office.cx, &office.permit, bin("Other")).await.unwrap();
}

async fn back_from_checking_only_a_job_for_unread_mail_marks_all_of_it(fresh: Fresh) {
    let office = Office::open(fresh);
    let mailbox = office.mailbox("desk").await;
    let end = || DispositionInput {
        mark_read: true,
        original: OriginalFate::Keep,
        folder: None,
        categories: Vec::new(),
    };
    let handling =
        HandlingInput { on_ignored: Some(end()), on_failure: Some(end()), ..HandlingInput::default() };
    let mut unread = job(&mailbox, "INBOX", OriginalFate::Keep, None);
    (unread.job.selection, unread.job.handling) = (Selection::Unread, Some(handling));
    let made = create(&office.cx, &office.permit, unread).await.unwrap();
    for mode in [MailboxMode::CheckOnly, MailboxMode::Ingest] {
        let to = UpdateMailbox { mode: Patch::Set(mode), ..change(mailbox.id) };
        update(&office.cx, &office.permit, to).await.unwrap();
    }
    let back = db::job::get(office.cx.db.read(), made.id).await.unwrap().unwrap();
    assert_eq!(back.handling, Some(Handling::default().endless_never(Selection::Unread)));
    assert_eq!(back.handling, made.handling);
}
