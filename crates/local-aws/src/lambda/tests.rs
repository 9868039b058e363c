//! A function runs as a process, and whatever it does its owner gets a clear answer.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use nix::sys::signal::kill;
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::*;

fn config() -> FunctionConfig {
    let bootstrap = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/bootstrap.py");
    // Wherever this machine keeps its Python, after the places where Lambda looks.
    let path = std::env::var("PATH").unwrap_or_default();
    FunctionConfig::new(bootstrap, "processor", "eu-west-1")
        .env("PATH", format!("/usr/bin:/usr/local/bin:/bin:{path}"))
}

async fn start(config: FunctionConfig) -> Function {
    Function::start(config).await.expect("the function starts")
}

async fn invoke(function: &Function, payload: Value) -> InvocationOutcome {
    function.invoke(payload.to_string()).await.outcome
}

async fn answer(function: &Function, payload: Value) -> Value {
    let outcome = invoke(function, payload).await;
    let answer = outcome.response().unwrap_or_else(|| panic!("{outcome:?}"));
    serde_json::from_slice(answer).expect("the answer is JSON")
}

fn texts(function: &Function, stream: LogStream) -> Vec<String> {
    let lines = function.logs().into_iter();
    lines
        .filter(|line| line.stream == stream)
        .map(|line| line.text)
        .collect()
}

#[tokio::test]
async fn a_payload_comes_back_as_the_function_answers_it() {
    let function = start(config()).await;
    assert_eq!(
        answer(&function, json!({"name": "Zoë"})).await,
        json!({"name": "Zoë"})
    );
    assert_eq!(answer(&function, json!({"n": 2})).await, json!({"n": 2}));
    assert_eq!(function.starts(), 1);
    assert!(function.start_time() > Duration::ZERO);
}

#[tokio::test]
async fn the_process_gets_lambdas_environment_and_nothing_of_ours() {
    let mut config = config().env("LEDGER_TABLE", "ledger").env("TZ", ":UTC");
    config.memory_mb = 512;
    let function = start(config).await;
    let environment = answer(&function, json!({"do": "environment"})).await;
    let expected = json!({
        "AWS_LAMBDA_FUNCTION_NAME": "processor",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "_HANDLER": "bootstrap",
        "TZ": ":UTC",
        "LEDGER_TABLE": "ledger",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&environment[name], value, "{name}");
    }
    assert_eq!(environment["LAMBDA_TASK_ROOT"], environment["CWD"]);
    assert!(std::env::var("CARGO_MANIFEST_DIR").is_ok());
    assert_eq!(environment["CARGO_MANIFEST_DIR"], Value::Null);
}

#[tokio::test]
async fn an_invocation_carries_id_deadline_arn_and_trace() {
    let function = start(config()).await;
    let before = SystemTime::now();
    let invocation = function.invoke(r#"{"do":"headers"}"#).await;
    let headers: Value = serde_json::from_slice(invocation.outcome.response().unwrap()).unwrap();
    assert_eq!(
        headers["lambda-runtime-aws-request-id"],
        invocation.request_id.as_str()
    );
    assert_eq!(
        headers["lambda-runtime-invoked-function-arn"],
        "arn:aws:lambda:eu-west-1:123456789012:function:processor"
    );
    let deadline = headers["lambda-runtime-deadline-ms"].as_str().unwrap();
    let deadline = SystemTime::UNIX_EPOCH + Duration::from_millis(deadline.parse().unwrap());
    let timeout = function.config().timeout;
    assert!(deadline >= before + timeout - Duration::from_millis(1));
    assert!(deadline <= SystemTime::now() + timeout);
    let trace = headers["lambda-runtime-trace-id"].as_str().unwrap();
    assert!(trace.starts_with("Root=1-"), "{trace}");
}

#[tokio::test]
async fn a_reported_error_is_a_function_error_and_the_process_lives_on() {
    let function = start(config()).await;
    let InvocationOutcome::FunctionError {
        error_type,
        message,
    } = invoke(&function, json!({"do": "error"})).await
    else {
        panic!("no function error");
    };
    assert_eq!(
        (error_type.as_str(), message.as_str()),
        ("Example.Error", "as asked")
    );
    let unreadable = invoke(&function, json!({"do": "unreadable error"})).await;
    assert_eq!(unreadable.failure().unwrap(), "Unhandled: ");
    assert_eq!(answer(&function, json!(["still"])).await, json!(["still"]));
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn after_a_crash_the_next_invocation_gets_a_new_process() {
    let function = start(config()).await;
    let first = function.pid();
    let outcome = invoke(&function, json!({"do": "exit", "status": 3})).await;
    let InvocationOutcome::Crashed { status } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(status.code(), Some(3));
    assert_eq!(texts(&function, LogStream::Stderr), ["going down"]);
    assert_eq!(answer(&function, json!([1])).await, json!([1]));
    assert_eq!(function.starts(), 2);
    assert_ne!(function.pid(), first);
}

#[tokio::test]
async fn a_process_that_ends_after_its_answer_spoils_neither_that_one_nor_the_next() {
    let function = start(config()).await;
    for round in 1..=3 {
        let last = answer(&function, json!({"do": "exit after answer"})).await;
        assert_eq!(last, "last words", "round {round}");
    }
    assert_eq!(answer(&function, json!([1])).await, json!([1]));
}

#[tokio::test]
async fn a_function_that_runs_past_its_timeout_is_killed() {
    let mut config = config();
    config.timeout = Duration::from_millis(300);
    let function = start(config).await;
    let pid = Pid::from_raw(i32::try_from(function.pid().unwrap()).unwrap());
    let outcome = invoke(&function, json!({"do": "hang"})).await;
    assert!(
        matches!(outcome, InvocationOutcome::TimedOut { .. }),
        "{outcome:?}"
    );
    assert_eq!(
        outcome.failure().unwrap(),
        "Sandbox.Timedout: Task timed out after 0.30 seconds"
    );
    assert!(
        kill(pid, None).is_err(),
        "the process is still there after its timeout"
    );
    assert_eq!(function.pid(), None);
}

#[tokio::test]
async fn a_killed_process_ends_its_invocation_as_crashed() {
    let function = start(config()).await;
    let (outcome, status) = tokio::join!(invoke(&function, json!({"do": "hang"})), async {
        while texts(&function, LogStream::Stdout) != ["hanging"] {
            tokio::task::yield_now().await;
        }
        function.kill().await
    });
    assert_eq!(status.unwrap().signal(), Some(9));
    let InvocationOutcome::Crashed { status } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(status.signal(), Some(9));
}

#[tokio::test]
async fn a_process_that_was_killed_while_idle_costs_no_invocation() {
    let function = start(config()).await;
    function.kill().await;
    assert_eq!(function.pid(), None);
    assert_eq!(answer(&function, json!([1])).await, json!([1]));
    assert_eq!(function.starts(), 2);
}

#[tokio::test]
async fn the_log_of_an_invocation_is_whole_when_it_returns() {
    let function = start(config()).await;
    answer(&function, json!({"do": "print", "lines": 500})).await;
    let out = texts(&function, LogStream::Stdout);
    assert_eq!(out.len(), 501);
    assert_eq!((out[0].as_str(), out[499].as_str()), ("out 0", "out 499"));
    assert_eq!(out[500], "not UTF-8: \u{fffd}");
    assert_eq!(texts(&function, LogStream::Stderr), ["error output"]);
    assert_eq!(function.log_store().drain().len(), 502);
    assert!(function.logs().is_empty());
}

#[tokio::test]
async fn an_answer_over_6_mb_is_refused_and_one_of_6_mb_is_not() {
    let function = start(config()).await;
    // Two bytes are the quotes around the string.
    let fits = json!({"do": "large answer", "bytes": MAX_RESPONSE_BYTES - 2});
    assert!(invoke(&function, fits).await.response().is_some());
    let too_large = json!({"do": "large answer", "bytes": MAX_RESPONSE_BYTES - 1});
    let outcome = invoke(&function, too_large).await;
    let failure = outcome.failure().unwrap_or_default();
    assert!(
        failure.starts_with("Function.ResponseSizeTooLarge"),
        "{failure}"
    );
    // The function is told, too. It prints that after the invocation is over: the next one waits for it.
    answer(&function, json!([])).await;
    let told = texts(&function, LogStream::Stdout);
    assert_eq!(told, ["202 None", "413 RequestEntityTooLarge"]);
}

#[tokio::test]
async fn a_payload_of_6_mb_gets_through_and_a_larger_one_does_not() {
    let function = start(config()).await;
    let frame = json!({"do": "size", "filler": ""}).to_string().len();
    let filler = "x".repeat(MAX_PAYLOAD_BYTES - frame);
    let whole = json!({"do": "size", "filler": &filler});
    assert_eq!(answer(&function, whole).await, filler.len());
    let larger = json!({"do": "size", "filler": filler + "x"});
    let outcome = invoke(&function, larger).await;
    assert!(
        matches!(outcome, InvocationOutcome::PayloadTooLarge { bytes } if bytes == MAX_PAYLOAD_BYTES + 1)
    );
}

#[tokio::test]
async fn an_answer_to_another_invocation_is_refused() {
    let function = start(config()).await;
    assert_eq!(
        answer(&function, json!({"do": "foreign id"})).await,
        json!([400, "InvalidRequestID"])
    );
}

#[tokio::test]
async fn invocations_wait_for_their_turn() {
    let function = start(config()).await;
    let calls = (0..8).map(|n| answer(&function, json!({ "n": n })));
    let answers = futures::future::join_all(calls).await;
    let expected: Vec<Value> = (0..8).map(|n| json!({ "n": n })).collect();
    assert_eq!(answers, expected);
}

#[tokio::test]
async fn a_function_that_ends_before_it_is_ready_says_why() {
    let error = Function::start(config().env("AT_INIT", "exit"))
        .await
        .unwrap_err();
    let StartError::ExitedBeforeReady { status, stderr } = &error else {
        panic!("{error}");
    };
    assert_eq!(status.code(), Some(7));
    assert_eq!(stderr, "LEDGER_TABLE is missing");
}

#[tokio::test]
async fn a_reported_init_error_says_why() {
    let error = Function::start(config().env("AT_INIT", "report"))
        .await
        .unwrap_err();
    let StartError::InitError {
        error_type,
        message,
        stderr,
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!(
        (error_type.as_str(), message.as_str()),
        ("Example.Init", "no table")
    );
    assert_eq!(stderr, "cannot go on");
}

#[tokio::test]
async fn a_function_that_never_asks_for_work_is_given_up() {
    let mut config = config().env("AT_INIT", "hang");
    config.init_timeout = Duration::from_millis(500);
    let error = Function::start(config).await.unwrap_err();
    assert!(matches!(error, StartError::InitTimedOut { .. }), "{error}");
}

#[tokio::test]
async fn a_missing_or_unusable_bootstrap_is_named() {
    let missing = FunctionConfig::new("/no/such/bootstrap", "f", "us-east-1");
    let error = Function::start(missing).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no bootstrap at /no/such/bootstrap"),
        "{error}"
    );
    let text = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let error = Function::start(FunctionConfig::new(text, "f", "us-east-1"))
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::CannotRun { .. }), "{error}");
}

#[tokio::test]
async fn stopping_lets_the_function_finish() {
    let function = start(config().env("ON_SIGTERM", "finish")).await;
    // One that answered has its signal handler in place.
    answer(&function, json!([])).await;
    let status = function.stop().await.unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(texts(&function, LogStream::Stdout), ["finished"]);
    assert!(function.stop().await.is_none());
}

#[tokio::test]
async fn a_function_that_ignores_sigterm_is_killed_after_the_grace_period() {
    let mut config = config().env("ON_SIGTERM", "ignore");
    config.grace_period = Duration::from_millis(100);
    let function = start(config).await;
    answer(&function, json!([])).await;
    assert_eq!(function.stop().await.unwrap().signal(), Some(9));
}

#[tokio::test]
async fn dropping_a_function_ends_its_process() {
    let function = start(config()).await;
    let pid = Pid::from_raw(i32::try_from(function.pid().unwrap()).unwrap());
    drop(function);
    while kill(pid, None).is_ok() {
        tokio::task::yield_now().await;
    }
}

#[test]
fn request_ids_have_the_form_of_a_uuid() {
    let id = function::request_id();
    let lengths: Vec<usize> = id.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
    assert_ne!(id, function::request_id());
}
