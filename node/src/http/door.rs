//! Who gets in: nobody while the database is not to be trusted, and not more than there is room for.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::Desk;
use super::problem::{Damage, Problem};

/// Serves nothing of the ledger from a database in which something was found that this node did not write.
pub(super) async fn sound(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    if let Some(why) = desk.store.refuses_to_serve() {
        return Problem::refuses(why).into_response();
    }
    let response = next.run(request).await;
    if let Some(Damage(why)) = response.extensions().get() {
        desk.store.refuse_to_serve(why);
    }
    response
}

/// Sends away whoever finds no place, with the connection: its place is for those who ask how the node is.
pub(super) async fn room(
    State(places): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Response {
    let Ok(_place) = places.try_acquire() else {
        let problem = Problem::unavailable("BUSY", "too many requests at once; try again later");
        return ([(header::CONNECTION, "close")], problem).into_response();
    };
    next.run(request).await
}
