//! Sends a handled error, a message and a panic.
use std::num::ParseIntError;

fn price(item: &str) -> Result<i32, ParseIntError> {
    item.parse::<i32>()
}

fn pay(account: u32) {
    panic!("account {account} is overdrawn");
}

fn main() {
    let mut options = sentry::ClientOptions::default();
    options.dsn = Some(std::env::var("DSN").expect("DSN is set").parse().expect("DSN is valid"));
    options.release = Some("shop@1.2.3".into());
    options.environment = Some("e2e".into());
    options.attach_stacktrace = true;
    options.in_app_include = vec!["shop"];
    let guard = sentry::init(options);
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
