//! Numbers as C's `printf` writes them, which is how scores stand in receipts.

/// `%.6g`: six significant digits, no trailing zeros, an exponent where it is shorter.
pub fn general6(value: f64) -> String {
    if !value.is_finite() {
        return non_finite(value).to_owned();
    }
    let scientific = format!("{value:.5e}");
    let (digits, exponent) = scientific
        .split_once('e')
        .expect("`{:e}` writes an exponent");
    let exponent: i32 = exponent.parse().expect("the exponent is a number");
    if (-4..6).contains(&exponent) {
        let decimals = usize::try_from(5 - exponent).expect("the exponent is below six");
        without_zeros(&format!("{value:.decimals$}")).to_owned()
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!(
            "{}e{sign}{:02}",
            without_zeros(digits),
            exponent.unsigned_abs()
        )
    }
}

/// `%.6f`.
pub fn fixed6(value: f64) -> String {
    if value.is_finite() {
        format!("{value:.6}")
    } else {
        non_finite(value).to_owned()
    }
}

fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

fn non_finite(value: f64) -> &'static str {
    match value {
        f64::INFINITY => "inf",
        f64::NEG_INFINITY => "-inf",
        _ => "nan",
    }
}
