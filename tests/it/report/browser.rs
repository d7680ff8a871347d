//! A real browser without a screen, Chromium, in which pages are read as people read them. It
//! reaches no network.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;

use crate::program::tool_of;

pub(crate) struct Browser {
    program: PathBuf,
    folder: tempfile::TempDir,
}

/// A page after the browser has made what it could of it.
pub(crate) struct Rendered {
    pub(crate) dom: String,
    /// What it has complained about.
    pub(crate) complaints: Vec<String>,
    /// What it wanted to load from elsewhere.
    pub(crate) wanted: Vec<String>,
}

impl Browser {
    /// `None`, and says so, where there is no browser.
    pub(crate) fn new() -> Option<Self> {
        Some(Self {
            program: tool_of(&["chromium-headless-shell", "chromium", "google-chrome"])?,
            folder: tempfile::tempdir().expect("a folder for its profile"),
        })
    }

    pub(crate) fn render(&self, page: &Path) -> Rendered {
        let net_log = self.folder.path().join("net-log.json");
        let run = self
            .command(page)
            .args(["--enable-logging=stderr", "--v=0"])
            .arg(format!("--log-net-log={}", net_log.display()))
            .assert()
            .success();
        let output = run.get_output();
        let lines = String::from_utf8_lossy(&output.stderr);
        let net_log = std::fs::read_to_string(&net_log).expect("it keeps a log");
        let urls = net_log.split("\"url\":\"").skip(1);
        let urls = urls.filter_map(|rest| rest.split('"').next());
        Rendered {
            dom: String::from_utf8(output.stdout.clone()).expect("text"),
            complaints: lines
                .lines()
                .filter(|line| line.contains("CONSOLE"))
                .map(str::to_owned)
                .collect(),
            wanted: urls
                .filter(|url| !url.starts_with("file:") && !url.starts_with("data:"))
                .map(str::to_owned)
                .collect(),
        }
    }

    /// What is wrong with how a page lies on a screen of this width: it scrolls sideways, or labels
    /// of its charts touch each other or the edge.
    pub(crate) fn flaws(&self, page: &Path, width: u32) -> String {
        let around = self.folder.path().join("around.html");
        let html = AROUND
            .replace("$WIDTH", &width.to_string())
            .replace("$PAGE", &page.display().to_string());
        std::fs::write(&around, html).expect("written");
        let run = self
            .command(&around)
            .args(["--window-size=1400,900", "--allow-file-access-from-files"])
            .assert()
            .success();
        let dom = String::from_utf8_lossy(&run.get_output().stdout).into_owned();
        let found = dom
            .split_once("<pre>")
            .and_then(|(_, rest)| rest.split_once("</pre>"));
        let (found, _) = found.expect("it has measured");
        let flaws = found.strip_prefix("measured").expect("it has measured");
        flaws.trim_start_matches("; ").to_owned()
    }

    fn command(&self, page: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
            .args(["--disable-background-networking", "--no-first-run"])
            .arg("--host-resolver-rules=MAP * ~NOTFOUND")
            .arg(format!("--user-data-dir={}", self.folder.path().display()))
            .arg(format!("file://{}", page.display()))
            .env("HOME", self.folder.path())
            .timeout(Duration::from_secs(120));
        command
    }
}

/// A page around a page, which measures it: the page itself runs no script.
const AROUND: &str = "<body>
<script>
const measure = frame => {
  const page = frame.contentDocument, width = page.documentElement.clientWidth;
  const flaws = ['measured'];
  if (width < $WIDTH - 20 || page.documentElement.scrollWidth > width)
    flaws.push('is ' + page.documentElement.scrollWidth + ' wide');
  for (const drawing of page.querySelectorAll('figure > svg')) {
    const labels = [...drawing.querySelectorAll('text')];
    const places = labels.map(label => [label.textContent, label.getBoundingClientRect()]);
    places.forEach(([text, place], i) => {
      if (place.left < 0 || place.right > width) flaws.push('cut off: ' + text);
      for (const [other, there] of places.slice(i + 1))
        if (place.left < there.right && there.left < place.right
            && place.top + 1 < there.bottom && there.top + 1 < place.bottom)
          flaws.push(text + ' touches ' + other);
    });
  }
  document.querySelector('pre').textContent = flaws.join('; ');
};
</script>
<pre></pre>
<iframe onload='measure(this)' src='file://$PAGE' style='width: $WIDTHpx; height: 800px; border: 0'>
</iframe>";

impl Rendered {
    pub(crate) fn cells(&self) -> Cells {
        cells(&self.dom)
    }
}

/// What `data-cell` names -> value for programs, and text that is shown.
pub(crate) type Cells = BTreeMap<String, (String, String)>;

pub(crate) fn cells(html: &str) -> Cells {
    let cell = |rest: &str| {
        let (name, rest) = rest.split_once('"')?;
        let rest = rest.trim_start().strip_prefix("data-value=\"")?;
        let (value, rest) = rest.split_once('"')?;
        let (_, rest) = rest.split_once('>')?;
        let (text, _) = rest.split_once('<')?;
        Some((plain(name), (plain(value), plain(text))))
    };
    let cells = html.split("data-cell=\"").skip(1);
    cells
        .map(|rest| cell(rest).expect("a cell has a value and a text"))
        .collect()
}

fn plain(html: &str) -> String {
    html.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&nbsp;", "\u{a0}")
        .replace("&amp;", "&")
}

#[test]
fn what_is_wrong_with_a_page_is_noticed() {
    let Some(browser) = Browser::new() else {
        return;
    };
    let page = browser.folder.path().join("page.html");
    let html = "<p style='width: 500px'>wide</p><img src='http://192.0.2.1/a'>
        <figure><svg><text y='10'>one</text><text x='9' y='12'>two</text></svg></figure>
        <script>console.error('a complaint')</script>";
    std::fs::write(&page, html).expect("written");
    let rendered = browser.render(&page);
    assert!(rendered.complaints.join("").contains("a complaint"));
    assert!(rendered.wanted.contains(&"http://192.0.2.1/a".to_owned()));
    let flaws = browser.flaws(&page, 390);
    assert!(
        flaws.contains("wide") && flaws.contains("one touches two"),
        "{flaws}"
    );
    let html = "<p>narrow</p><figure><svg><text y='10'>one</text></svg></figure>";
    std::fs::write(&page, html).expect("written");
    assert_eq!(browser.flaws(&page, 390), "");
}
