using System.CommandLine;
using IlZo.Adapters;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Benchmarks;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo bench step</c>, <c>forward</c> and <c>generate</c>, and what other measurements of models share with them.</summary>
internal static class ModelBenchCommand
{
    private static readonly Option<string?> s_adapter = Flags.Text(
        "--adapter", "KIND",
        $"Train an adapter instead of all weights: {string.Join(", ", AdapterCatalog.Kinds.Select(a => a.Name))} (CPU).");
    private static readonly Option<string?> s_weightMemory = Flags.Text(
        "--weight-memory", "SIZE", "Weights that may stay in memory, such as 8GB, as in train.");
    private static readonly Option<string?> s_blocks = Flags.Text(
        "--blocks", "TYPE", "Store the matrices of --shape in blocks: q8_0, q4_0, q4_k, q6_k, nf4 or q4_z; with --adapter (CPU).");
    private static readonly Option<bool> s_holes = new("--holes")
    {
        Description = "Leave the matrices of --shape out of its files, which take no room then: weights are zeros (CPU, or with "
            + "--weight-memory).",
    };

    public static Command Step()
    {
        var command = OnAnyDevice("step", "Time and memory of whole MeZO steps on random tokens.", BenchPart.Step, RunStep, Complete);
        command.Add(s_adapter);
        command.Add(s_weightMemory);
        command.Add(s_blocks);
        command.Add(s_holes);
        return command;
    }

    public static Command Forward() =>
        OnAnyDevice("forward", "Time of plain forward passes on random tokens.", BenchPart.Forward, RunForward);

    public static Command Generate() => Of(
        "generate",
        "Tokens per second of generated texts on the CPU: one alone, and --batch of them together.",
        (_, request, threads) => request.WithModel(folder => Print(
            DecodeBenchmark.Run(
                folder, request.Batch, request.Length, request.Repetitions, threads, Device.CpuEngine(request.Engine)),
            request.Json)));

    /// <summary>A measurement on a model and random texts.</summary>
    public static Command Of(string verb, string description, Action<ParseResult, BenchRequest, int?> run)
    {
        var model = new BenchModelOptions();
        var engine = Flags.Engine();
        var precision = Flags.Precision();
        var threads = Flags.Threads();
        var json = Flags.Json();
        var command = new Command(verb, description);
        model.AddTo(command);
        command.Add(engine);
        command.Add(precision);
        command.Add(threads);
        command.Add(json);
        command.SetAction(parsed =>
        {
            var asked = new EngineRequest(parsed.GetValue(engine)!, parsed.GetValue(precision)!);
            run(parsed, model.Request(parsed) with { Engine = asked, Json = parsed.GetValue(json) }, parsed.GetValue(threads));
            return 0;
        });
        return command;
    }

    /// <summary>Measures steps on the CPU.</summary>
    public static void RunStep(BenchRequest request, int? threads, EngineChoice engine) => request.WithModel(
        folder => Print(
            StepBenchmark.Run(
                folder, request.Batch, request.Length, request.Repetitions, threads, engine, request.Adapter, request.WeightMemory),
            request.Json));

    /// <summary>Measures forward passes on the CPU.</summary>
    public static void RunForward(BenchRequest request, int? threads, EngineChoice engine) => request.WithModel(
        folder => Print(ForwardBenchmark.Run(folder, request.Batch, request.Length, request.Repetitions, threads, engine), request.Json));

    private static BenchRequest Complete(ParseResult parsed, BenchRequest request) => request with
    {
        Adapter = parsed.GetValue(s_adapter),
        WeightMemory = parsed.GetValue(s_weightMemory) is { } size ? ByteSize.Parse("--weight-memory", size) : null,
        Blocks = OfShape(request, s_blocks.Name, parsed.GetValue(s_blocks)) is { } name ? Blocks(name) : null,
        HasHoles = OfShape(request, s_holes.Name, parsed.GetValue(s_holes)),
    };

    // The value of an option that says how the files of a shape are made.
    private static T OfShape<T>(BenchRequest request, string option, T value) =>
        request.Shape is not null || EqualityComparer<T>.Default.Equals(value, default)
            ? value
            : throw new InvalidInputException(
                $"{option} is given with --model; it says how the files of a --shape are made, and was expected with that.");

    private static DType Blocks(string name) => StoredType.IsBlocked(name) && StoredType.TryGetDType(name, out var type)
        ? type
        : throw new InvalidInputException($"--blocks is '{name}'; one of {string.Join(", ", StoredType.Blocked)} was expected.");

    private static Command OnAnyDevice(
        string verb, string description, BenchPart part, Action<BenchRequest, int?, EngineChoice> run,
        Func<ParseResult, BenchRequest, BenchRequest>? more = null)
    {
        var device = Flags.BenchDevice();
        var command = Of(verb, description, (parsed, request, threads) =>
        {
            request = more is null ? request : more(parsed, request);
            if (!BenchDevice.TryMeasureGpu(part, request with { Device = parsed.GetValue(device) }))
            {
                run(request, threads, Device.CpuEngine(request.Engine));
            }
        });
        command.Add(device);
        return command;
    }

    private static void Print(ForwardBenchmark result, bool json)
    {
        double share = result.Gigaflops / (result.PeakGigaflops * result.Threads);
        if (json)
        {
            Terminal.PrintJson(writer =>
            {
                writer.WriteNumber("forward_seconds", result.Seconds);
                writer.WriteNumber("tokens_per_second", result.TokensPerSecond);
                writer.WriteNumber("peak_gigaflops_per_thread", result.PeakGigaflops);
                writer.WriteNumber("read_gigabytes_per_second", result.ReadGigabytes);
                writer.WriteNumber("share_of_peak", share);
                writer.WriteNumber("threads", result.Threads);
            });
            return;
        }

        Terminal.PrintTable(
        [
            ("forward", Format.Invariant($"{result.Seconds:F3} s (median), {result.TokensPerSecond:F0} tokens/s")),
            ("FMA peak, measured now", Format.Invariant(
                $"{result.PeakGigaflops:F0} GFLOP/s a thread, {result.Threads} threads; the forward reaches {100 * share:F0} %")),
            ("read bandwidth", Format.Invariant($"{result.ReadGigabytes:F1} GB/s a thread")),
        ]);
    }

    private static void Print(DecodeBenchmark result, bool json)
    {
        if (json)
        {
            Terminal.PrintJson(writer =>
            {
                writer.WriteNumber("texts", result.Texts);
                writer.WriteNumber("alone_tokens_per_second", result.AloneRate);
                writer.WriteNumber("together_tokens_per_second", result.TogetherRate);
                writer.WriteNumber("prompt_seconds", result.PromptSeconds);
                writer.WriteNumber("threads", result.Threads);
            });
            return;
        }

        Terminal.PrintTable(
        [
            ("one text", Format.Invariant($"{1e3 * result.AloneSeconds:F2} ms a token, {result.AloneRate:F0} tokens/s")),
            (Format.Invariant($"{result.Texts} texts together"), Format.Invariant(
                $"{1e3 * result.TogetherSeconds:F2} ms a token of each, {result.TogetherRate:F0} tokens/s")),
            ("a prompt", Format.Invariant($"{1e3 * result.PromptSeconds:F1} ms")),
        ]);
    }

    private static void Print(StepBenchmark result, bool json)
    {
        double rate = result.NeededGigaflop / result.ForwardSeconds;
        double share = rate / (result.PeakGigaflops * result.Threads);
        if (json)
        {
            Terminal.PrintJson(writer =>
            {
                writer.WriteNumber("step_seconds", result.StepSeconds);
                writer.WriteNumber("forward_seconds", result.ForwardSeconds);
                writer.WriteNumber("update_seconds", result.UpdateSeconds);
                writer.WriteNumber("processor_seconds", result.ProcessorSeconds);
                if (result.ReplaySeconds is { } replay)
                {
                    writer.WriteNumber("replay_seconds_per_step", replay);
                }

                writer.WriteNumber("needed_gigaflop", result.NeededGigaflop);
                writer.WriteStartObject("split_thread_seconds");
                foreach (var (name, seconds) in Parts(result.Split))
                {
                    writer.WriteNumber(name, seconds);
                }

                writer.WriteEndObject();
                writer.WriteNumber("peak_gigaflops_per_thread", result.PeakGigaflops);
                writer.WriteNumber("read_gigabytes_per_second", result.ReadGigabytes);
                writer.WriteNumber("share_of_peak", share);
                writer.WriteNumber("threads", result.Threads);
                writer.WriteNumber("parameters", result.Parameters);
                writer.WriteNumber("weight_bytes", result.WeightBytes);
                writer.WriteNumber("allocated_bytes_per_step", result.AllocatedBytes);
                writer.WriteNumber("garbage_collections", result.Collections);
                writer.WriteNumber("peak_rss_bytes", result.PeakRssBytes);
            });
            return;
        }

        Terminal.PrintTable(
        [
            ("step", Format.Invariant($"{result.StepSeconds:F3} s (median)")),
            ("forward at both probes", Format.Invariant(
                $"{result.ForwardSeconds:F3} s, {rate:F0} GFLOP/s of the needed {result.NeededGigaflop:F0} GFLOP")),
            ("update", Format.Invariant($"{result.UpdateSeconds:F3} s")),
            ("processor time", Format.Invariant($"{result.ProcessorSeconds:F3} s a step")),
            ("replay", result.ReplaySeconds is { } replay
                ? Format.Invariant($"{replay:F3} s a step")
                : "not measured with --weight-memory"),
            ("thread time", string.Join(", ", Parts(result.Split).Select(
                p => Format.Invariant($"{p.Name} {100 * p.Seconds / Parts(result.Split).Sum(q => q.Seconds):F1} %")))),
            ("FMA peak, measured now", Format.Invariant(
                $"{result.PeakGigaflops:F0} GFLOP/s a thread, {result.Threads} threads; the forward reaches {100 * share:F0} %")),
            ("read bandwidth", Format.Invariant($"{result.ReadGigabytes:F1} GB/s a thread")),
            ("weights", $"{result.Parameters:N0}, {Format.Bytes(result.WeightBytes)}"),
            ("managed heap", Format.Invariant($"{Format.Bytes(result.AllocatedBytes)} a step, {result.Collections} collections")),
            ("peak memory", Format.Bytes(result.PeakRssBytes)),
        ]);
    }

    private static (string Name, double Seconds)[] Parts(StepSplit split) =>
    [
        ("noise", split.Noise), ("packing", split.Packing), ("products", split.Products),
        ("attention", split.Attention), ("rest", split.Rest), ("update", split.Update),
    ];
}
