//! Whatever ends a run, the old result stays or the new one is whole; nothing unfinished has its name.
//!
//! Each case runs the real program on a job whose result is there already, as "old", and ends it.
#![cfg(all(feature = "model", feature = "plot", feature = "cli", unix))]

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const SIGTERM: i32 = 15;
const SIGKILL: i32 = 9;

/// A run of a verb and the files that it writes.
struct Job {
    words: Vec<String>,
    results: Vec<PathBuf>,
    place: tempfile::TempDir,
}

const VERBS: [&str; 5] = ["extract", "analyze", "report", "cwt", "figures"];

impl Job {
    fn of(verb: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name).display().to_string();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let model = root.join("tests/data/llama").display().to_string();
        let text = root.join("docs/text/rounding.txt").display().to_string();
        let small = ["--length", "80", "--lags", "64", "--draws", "1", "--untrained", "1"].map(str::to_owned);
        let (words, results): (Vec<String>, Vec<&str>) = match verb {
            "extract" => {
                let ids = vec!["1"; 512].join(",");
                let words = [&model, "--token-ids", &ids, "--taps", "attention", "--out", &at("out.safetensors")];
                (words.map(str::to_owned).to_vec(), vec!["out.safetensors"])
            }
            "analyze" => {
                let words = [&model, "--text", &text, "--out", &at("out")].map(str::to_owned);
                ([words.as_slice(), &small].concat(), vec!["out/heads.parquet", "out/analysis.json"])
            }
            "report" => {
                let words = [&model, "--text", &text, "--out", &at("out")].map(str::to_owned);
                let results = vec!["out/index.html", "out/heads.parquet", "out/analysis.json"];
                ([words.as_slice(), &small].concat(), results)
            }
            "cwt" => {
                write_npy(&place.path().join("in.npy"), 1 << 15);
                let words = [
                    &at("in.npy"),
                    "--wavelet",
                    "morlet",
                    "--octaves",
                    "1..9",
                    "--voices",
                    "16",
                    "--out",
                    &at("out.npy"),
                ];
                (words.map(str::to_owned).to_vec(), vec!["out.npy"])
            }
            "figures" => (
                ["--out", &at("out")].map(str::to_owned).to_vec(),
                vec!["out/haar-like-pair.svg", "out/rotation-matrix.svg"],
            ),
            other => panic!("no job for {other}"),
        };
        let results: Vec<PathBuf> = results.into_iter().map(|name| place.path().join(name)).collect();
        for result in &results {
            fs::create_dir_all(result.parent().unwrap()).unwrap();
            fs::write(result, "old").unwrap();
        }
        let mut all = vec![verb.to_owned(), "--quiet".to_owned()];
        all.extend(words);
        Self { words: all, results, place }
    }

    fn start(&self) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ropelet"));
        command.args(&self.words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Unfinished files.
    fn partial(&self) -> Vec<PathBuf> {
        let folder = self.results[0].parent().unwrap();
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        files.filter(|file| file.extension().is_some_and(|ending| ending == "partial")).collect()
    }

    /// Each result is the old one or a whole new one.
    #[track_caller]
    fn results_are_whole(&self) {
        for result in &self.results {
            let bytes = fs::read(result).unwrap();
            let whole = match result.extension().unwrap().to_str().unwrap() {
                "safetensors" => ropelet::model::untrusted::safetensors(&bytes).is_ok(),
                "parquet" => bytes.len() > 8 && bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"),
                "json" => serde_json::from_slice::<serde_json::Value>(&bytes).is_ok(),
                "html" => bytes.trim_ascii_end().ends_with(b"</html>"),
                "svg" => bytes.trim_ascii_end().ends_with(b"</svg>"),
                "npy" => {
                    npyz::NpyFile::new(&bytes[..]).is_ok_and(|npy| npy.into_vec::<num_complex::Complex<f32>>().is_ok())
                }
                other => panic!("{other}"),
            };
            assert!(bytes == b"old" || whole, "{} is neither old nor whole", result.display());
        }
    }
}

/// One signal of `f32`, a sum of two waves.
fn write_npy(path: &Path, samples: usize) {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({samples},), }}");
    let header = format!("{header:<117}\n");
    let signal = (0..samples).flat_map(|t| ((t as f32 * 0.1).sin() + (t as f32 * 0.013).cos()).to_le_bytes());
    let bytes = [b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes()].concat();
    fs::write(path, bytes.into_iter().chain(signal).collect::<Vec<u8>>()).unwrap();
}

/// Ends the run this long after its beginning.
fn ended_after(job: &Job, signal: i32, delay: Duration) -> ExitStatus {
    let mut run = job.start();
    sleep(delay);
    send(&mut run, signal)
}

fn send(run: &mut Child, signal: i32) -> ExitStatus {
    let done = Command::new("kill").args([format!("-{signal}"), run.id().to_string()]).output().unwrap();
    // A run that is over already, but not waited for, can be signalled without effect.
    assert!(done.status.success());
    run.wait().unwrap()
}

/// Waits until the run has begun to write.
fn wait_for_partial(job: &Job, run: &mut Child) {
    let start = Instant::now();
    while job.partial().is_empty() {
        assert!(run.try_wait().unwrap().is_none(), "the run was over before it wrote anything");
        assert!(start.elapsed() < Duration::from_secs(60), "nothing is written");
        sleep(Duration::from_millis(1));
    }
}

#[test]
fn sigterm_leaves_old_results_and_no_traces() {
    for verb in VERBS {
        let job = Job::of(verb);
        let mut interrupted = 0;
        for delay in [2, 30, 250, 1000] {
            let status = ended_after(&job, SIGTERM, Duration::from_millis(delay));
            assert!(status.success() || status.signal() == Some(SIGTERM), "{verb}: {status}");
            interrupted += usize::from(!status.success());
            assert_eq!(job.partial(), Vec::<PathBuf>::new(), "{verb} after {delay} ms");
            job.results_are_whole();
        }
        assert!(interrupted > 0, "{verb} was never interrupted");
    }
}

#[test]
fn sigterm_while_a_file_is_written_removes_it() {
    for verb in ["extract", "cwt"] {
        let job = Job::of(verb);
        let mut run = job.start();
        wait_for_partial(&job, &mut run);
        let status = send(&mut run, SIGTERM);
        assert_eq!(status.signal(), Some(SIGTERM), "{verb}");
        assert_eq!(job.partial(), Vec::<PathBuf>::new(), "{verb}");
        assert_eq!(fs::read(&job.results[0]).unwrap(), b"old", "{verb}");
    }
}

#[test]
fn kill_leaves_old_results_and_the_next_run_cleans_up() {
    for verb in VERBS {
        let job = Job::of(verb);
        for delay in [20, 200, 800] {
            ended_after(&job, SIGKILL, Duration::from_millis(delay));
            job.results_are_whole();
        }
        if matches!(verb, "extract" | "cwt") {
            let mut run = job.start();
            wait_for_partial(&job, &mut run);
            send(&mut run, SIGKILL);
            assert_eq!(job.partial().len(), 1, "{verb}: what is left bears this name");
            job.results_are_whole();
        }
        assert!(job.start().wait().unwrap().success(), "{verb}");
        assert_eq!(job.partial(), Vec::<PathBuf>::new(), "{verb}");
        job.results_are_whole();
        assert!(job.results.iter().all(|result| fs::read(result).unwrap() != b"old"), "{verb}");
    }
}

/// Files may have no more than 2 KiB: what a full disk does to a program, without one.
#[test]
fn a_full_disk_leaves_old_results() {
    for verb in VERBS {
        let job = Job::of(verb);
        let limited = "trap '' XFSZ; ulimit -f 4; exec \"$@\"";
        let output =
            Command::new("sh").args(["-c", limited, "sh", env!("CARGO_BIN_EXE_ropelet")]).args(&job.words).output();
        let output = output.unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{verb}: {error}");
        assert!(
            error.starts_with("error: ") && error.lines().count() == 1 && error.contains("too large"),
            "{verb}: {error}"
        );
        assert_eq!(job.partial(), Vec::<PathBuf>::new(), "{verb}");
        assert!(job.results.iter().all(|result| fs::read(result).unwrap() == b"old"), "{verb}");
    }
}

#[test]
fn two_runs_do_not_write_one_file() {
    let job = Job::of("extract");
    let mut first = job.start();
    wait_for_partial(&job, &mut first);
    let second = Command::new(env!("CARGO_BIN_EXE_ropelet")).args(&job.words).output().unwrap();
    assert!(first.wait().unwrap().success());
    job.results_are_whole();
    // Unless the first was over when the second began to write, the second says why it did not.
    let error = String::from_utf8_lossy(&second.stderr);
    assert!(second.status.success() || error.contains("another run is writing"), "{error}");
}

#[test]
fn what_is_not_a_file_is_not_replaced() {
    let job = Job::of("figures");
    let victim = job.place.path().join("victim");
    fs::write(&victim, "mine").unwrap();
    // A link under the name of an unfinished file is removed and not followed.
    symlink(&victim, job.place.path().join("out/haar-like-pair.svg.partial")).unwrap();
    assert!(job.start().wait().unwrap().success());
    assert_eq!(fs::read(&victim).unwrap(), b"mine");

    let mut job = Job::of("cwt");
    let pipe = job.place.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    *job.words.last_mut().unwrap() = pipe.display().to_string();
    assert_eq!(job.start().wait().unwrap().code(), Some(2));
    assert!(!fs::metadata(&pipe).unwrap().is_file());
}
