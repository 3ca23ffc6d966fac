namespace IlZo.Cli.Tests.Documentation;

/// <summary>Documented commands that are not run here, and why, or not every time; those of <c>ilzo</c> are parsed all the same.</summary>
internal static class NotRun
{
    private const string Gpu = "needs a GPU; IlZo.Gpu.Tests run the kernels without one";
    private const string Instructions = "needs instructions that few processors have; EngineTests try them where they are there";
    private const string Server = "answers until it is stopped; IlZo.Server.Tests do that";
    private const string Nats = "needs a NATS server; IlZo.Cluster.Tests start one";
    private const string Publishing = "makes self-contained programs, for minutes";
    private const string Fuzzing = "fuzzes for minutes; .ci/run does it";

    /// <summary>Why commands are not run, by the words that they begin with.</summary>
    public static IReadOnlyList<(string Commands, string Reason)> All { get; } =
    [
        ("ilzo serve", Server),
        ("nats-server", Nats),
        ("ilzo train --steps 60 --cluster", Nats),
        ("ilzo worker", Nats),
        ("ilzo cluster status", Nats),
        ("ilzo cluster stop", Nats),
        ("ilzo cluster restore", Nats),
        ("ilzo import llama-gptq-4bit", "needs a model that AutoGPTQ or AutoAWQ has written; ImportTests write such models"),
        ("ilzo import llama-bnb-4bit", "needs a model that bitsandbytes has written; BitsAndBytesTests write one"),
        ("ilzo train --device cuda:0", Gpu),
        ("ilzo selftest --device cuda:0", Gpu),
        ("ilzo bench --device cuda:0", Gpu),
        ("ilzo train --engine amx", Instructions),
        ("ilzo selftest --engine amx", Instructions),
        ("ilzo eval --precision bf16", Instructions),
        ("ilzo bench gemm --precision bf16", Instructions),
        ("ilzo bench widen", Instructions),
        ("dotnet test", "is the suite that this test belongs to"),
        ("dotnet format", "takes a minute; .ci/run does it"),
        ("dotnet publish", Publishing),
        ("dotnet run -c Release --project tests/IlZo.Fuzz", Fuzzing),
        ("dotnet run -c Release --project bench/IlZo.Bench", "measures for many minutes"),
        ("dotnet run -c Release --project docs/site", "builds another program; SiteTests make the same pages with it"),
        ("docs/study/run", "trains for hours, with a model and data that are not part of the repository"),
        ("docs/study/memory", "needs a model and data that are not part of the repository"),
        ("bench/cluster/round.sh", Nats),
        ("bench/cluster/two-workers.sh", Nats),
        ("bench/gpu/pack.sh", Publishing),
        ("bench/gpu/check.sh", Gpu),
        ("bash pack/check.sh", Gpu),
        ("bench/peers/run.sh", "downloads libtorch and measures for minutes"),
        ("curl", "asks a server; CompletionTests of IlZo.Server.Tests send such requests"),
    ];

    /// <summary>What is run only with <c>ILZO_TEST_LONG=1</c>: commands of a page by the words that they begin with; "" is all.</summary>
    public static IReadOnlyList<(string Page, string Commands)> EachNight { get; } =
    [
        ("README.md", "ilzo bench"),
        ("README.md", "ilzo compare"),
        ("README.md", "ilzo sweep"),
        ("README.md", "ilzo train --data faq.jsonl"),
        ("README.md", "ilzo train --find-lr"),
        ("README.md", "ilzo train --model path/to/llama"),
        ("README.md", "ilzo train --model path/to/model"),
        ("README.md", "ilzo train --model path/to/roberta-large"),
        ("bench/README.md", ""),
        ("docs/adapters.md", ""),
        ("docs/data.md", ""),
        ("docs/memory.md", ""),
        ("docs/optimizers.md", ""),
        ("docs/sweeps.md", ""),
        ("docs/tasks.md", ""),
        ("tests/data/kept-runs/README.md", ""),
    ];

    /// <summary>Whether an entry of <see cref="All"/> is about a command.</summary>
    public static bool IsAbout(string commands, DocumentedCommand command) => command.BeginsWith(commands);

    /// <summary>Whether an entry of <see cref="EachNight"/> is about a command.</summary>
    public static bool IsAbout((string Page, string Commands) entry, DocumentedCommand command) =>
        command.Page == entry.Page && (entry.Commands.Length == 0 || command.BeginsWith(entry.Commands));
}
