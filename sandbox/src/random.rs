//! Fresh ids.

use uuid::{Builder, Uuid};

/// A random UUID (version 4), as Microsoft's services give to requests, tokens and objects.
pub fn uuid() -> Uuid {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        // Without randomness ids still differ enough for a sandbox: by the address of this frame and the time.
        return Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{:?}", std::time::Instant::now()).as_bytes());
    }
    Builder::from_random_bytes(bytes).into_uuid()
}
