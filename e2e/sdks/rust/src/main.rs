//! Sends a handled error, a message and a panic.
use std::num::ParseIntError;

fn price(item: &str) -> Result<i32, ParseIntError> {
    item.parse::<i32>()
}

fn pay(account: u32) {
    panic!("account {account} is overdrawn");
}

fn main() {
    let guard = sentry::init((
        std::env::var("DSN").expect("DSN is set"),
        sentry::ClientOptions {
            release: Some("shop@1.2.3".into()),
            environment: Some("e2e".into()),
            attach_stacktrace: true,
            in_app_include: vec!["shop"],
            ..Default::default()
        },
    ));
    sentry::configure_scope(|scope| {
        scope.set_user(Some(sentry::User { id: Some("42".into()), ..Default::default() }));
        scope.set_tag("shop.tier", "pro");
    });
    sentry::add_breadcrumb(sentry::Breadcrumb { message: Some("cart opened".into()), category: Some("cart".into()), ..Default::default() });
    if let Err(err) = price("TENT") {
        sentry::capture_error(&err);
    }
    sentry::capture_message("stock is low", sentry::Level::Warning);
    let _ = std::panic::catch_unwind(|| pay(4711));
    guard.flush(Some(std::time::Duration::from_secs(10)));
}
