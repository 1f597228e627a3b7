//! What the machine that we run on is given to prove who it is: a federated token file, or a metadata service.

use std::path::PathBuf;

use azure_identity::{
    ClientAssertionCredentialOptions, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};

use super::capture::Capture;
use super::entra::Entra;
use super::{Bearer, Error};
use crate::domain::entra::{EntraCloud, EntraIdentity};

/// Reads a variable of the environment.
pub type Environment = std::sync::Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl Entra {
    /// Kubernetes workload identity: the token file is read anew each time, because it is replaced every hour or so.
    /// What the credential says wins over the pod's environment.
    pub(super) async fn by_workload(&self, identity: &EntraIdentity, scope: &str) -> Result<Bearer, Error> {
        let told = |given: &Option<String>, variable: &str| given.clone().or_else(|| self.variable(variable));
        let tenant_id = told(&identity.tenant_id, "AZURE_TENANT_ID").ok_or(NO_TENANT)?;
        let client_id = told(&identity.client_id, "AZURE_CLIENT_ID").ok_or(NO_CLIENT)?;
        let file = PathBuf::from(self.variable("AZURE_FEDERATED_TOKEN_FILE").ok_or(NO_FILE)?);
        if tokio::fs::read(&file).await.is_err() {
            return Err(UNREADABLE);
        }
        let authority = match (identity.cloud, self.variable("AZURE_AUTHORITY_HOST")) {
            (EntraCloud::Global, Some(host)) if self.authority.is_none() => host,
            _ => self.authority(identity.cloud).to_owned(),
        };
        let capture = Capture::new(self.http.clone());
        let options = WorkloadIdentityCredentialOptions {
            credential_options: ClientAssertionCredentialOptions {
                client_options: Self::options(&capture, &authority),
            },
            client_id: Some(client_id),
            tenant_id: Some(tenant_id),
            token_file_path: Some(file),
        };
        let credential =
            WorkloadIdentityCredential::new(Some(options)).map_err(|_| super::entra::incomplete())?;
        self.fetch(&capture, credential.as_ref(), scope).await
    }

    /// Azure managed identity: the machine's metadata service, or what IDENTITY_ENDPOINT names.
    pub(super) async fn by_machine(&self, identity: &EntraIdentity, scope: &str) -> Result<Bearer, Error> {
        let capture = Capture::new(self.http.clone());
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: identity.client_id.clone().map(UserAssignedId::ClientId),
            client_options: Self::options(&capture, self.authority(identity.cloud)),
        };
        let credential = ManagedIdentityCredential::new(Some(options)).map_err(|_| UNKNOWN_PLATFORM)?;
        match self.fetch(&capture, credential.as_ref(), scope).await {
            // The metadata service has no codes: what it does not know, it calls a bad request.
            Err(Error::Refused(refusal))
                if refusal.number.is_none() && matches!(refusal.status, 400 | 404) =>
            {
                Err(NOT_ASSIGNED)
            }
            ended => ended,
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name).filter(|value| !value.is_empty())
    }
}

const NO_TENANT: Error = Error::Machine(
    "the credential names no tenant, and AZURE_TENANT_ID is not set: the pod has no workload identity",
);
const NO_CLIENT: Error = Error::Machine(
    "the credential names no client id, and AZURE_CLIENT_ID is not set: the service account has no annotation azure.workload.identity/client-id",
);
const NO_FILE: Error =
    Error::Machine("AZURE_FEDERATED_TOKEN_FILE is not set: the pod has no label azure.workload.identity/use");
const UNREADABLE: Error = Error::Machine("the file that AZURE_FEDERATED_TOKEN_FILE names can't be read");
const UNKNOWN_PLATFORM: Error = Error::Machine(
    "the managed identity of this platform is not supported: only Azure's virtual machines, App Service and what has IDENTITY_ENDPOINT are",
);
const NOT_ASSIGNED: Error = Error::Machine(
    "this machine has no managed identity, or not the one whose client id the credential names",
);
