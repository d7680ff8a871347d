//! A validator's life on a subnet of its own: all passes as real processes, side by side, for
//! hundreds of cycles. What is done to them stands in `kills` and `days`; what must hold whatever
//! was done, in `truth`; that none of them gives a secret away, in `secrets`.

mod days;
mod kills;
mod secrets;
mod truth;
mod validator;

/// A number from outside, for the long forms of these tests.
fn setting<T: std::str::FromStr>(name: &str) -> Option<T> {
    let text = std::env::var_os(name)?;
    let number = text.to_str().and_then(|text| text.parse().ok());
    Some(number.unwrap_or_else(|| panic!("{name}: {}", text.display())))
}
