using System.CommandLine;
using System.Globalization;
using IlZo.Backends;
using IlZo.Benchmarks;
using IlZo.Models;
using IlZo.Tensors;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo inspect</c>.</summary>
internal static class InspectCommand
{
    private const int UsualLength = 128;

    private static readonly Argument<string> s_model = new("model")
    {
        Description = "A model folder in the Hugging Face layout, or builtin.",
        HelpName = "DIR|builtin",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private static readonly Option<string?> s_shape = Flags.Text(
        "--shape", "SHAPE", $"A published shape in fp16, instead of a model: {string.Join(", ", SyntheticCheckpoint.Shapes)}.");
    private static readonly Option<string?> s_device = Flags.Text(
        "--device", "cpu|cuda", "The device whose memory use to predict (default: cpu); no GPU is needed.");
    private static readonly Option<string> s_dtype = Flags.DType();
    private static readonly Option<int?> s_batchSize = Flags.Number<int>(
        "--batch-size", "N", "Texts per batch, for the memory prediction (default: as in train, 64 for RoBERTa, otherwise 16).");
    private static readonly Option<int?> s_seq = Flags.Number<int>(
        "--seq", "N", "Tokens per text, for the memory prediction (default: 128, or the model's maximum if lower).");
    private static readonly Option<string?> s_optimizer = Flags.Text(
        "--optimizer", "NAME", "Training method, for the memory prediction (default: mezo).");
    private static readonly Option<string?> s_opt = Flags.MethodOptions();

    // As for train: what decides which weights are trained and where they are, and what products are computed in.
    private static readonly IReadOnlyList<TrainingSetting> s_shared =
    [
        .. TrainingSetting.All.Where(
            s => TrainingSetting.OfTrainedWeights.Contains(s.Name) || s.Name is "precision" or "weight-memory" or "write-every"),
    ];

    private static readonly Option<bool> s_json = Flags.Json();

    public static Command Create()
    {
        var command = new Command(
            "inspect",
            "Show a model's architecture, parameters and predicted training memory; the only weights read are a tied head that is "
                + "stored twice.")
        {
            s_model, s_shape, s_device, s_dtype, s_batchSize, s_seq, s_optimizer, s_opt, s_json,
        };
        foreach (var setting in s_shared)
        {
            command.Add(setting.Flag);
        }

        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var wanted = Flags.ParseDType(parsed.GetValue(s_dtype));
        var kind = parsed.GetValue(s_device) switch
        {
            null or "cpu" => DeviceKind.Cpu,
            "cuda" => DeviceKind.Cuda,
            string other => throw new InvalidInputException($"--device is '{other}'; cpu or cuda was expected."),
        };
        string? name = parsed.GetValue(s_model);
        string? shape = parsed.GetValue(s_shape);
        if ((name is null) == (shape is null))
        {
            throw new InvalidInputException("One of a model and --shape was expected.");
        }

        using var outline = shape is null ? null : new SyntheticFolder(shape, outline: true);
        using var model = Open(ModelLoader.Open(outline?.Path ?? ModelArgument.Checkpoint(name!)));
        int seq = Flags.AtLeastOne("--seq", parsed.GetValue(s_seq) ?? Math.Min(UsualLength, model.Shape.MaxPositions));
        if (seq > model.Shape.LongestText)
        {
            throw new InvalidInputException($"--seq is {seq}, but the model's texts have {model.Shape.LongestText} tokens at most.");
        }

        var options = TrainingSetting.Resolve(parsed, s_shared) with { Model = outline?.Path ?? name! };
        options.Validate();
        int batch = Flags.AtLeastOne("--batch-size", parsed.GetValue(s_batchSize) ?? Presets.Of(options).BatchSize);
        TrainableModel.Prepare(model, options, backend: null);
        options =
            options with { Optimizer = parsed.GetValue(s_optimizer) ?? options.Optimizer, Opt = parsed.GetValue(s_opt) ?? options.Opt };
        var memory = TrainingMemory.Predict(model, wanted, options, batch, seq, kind);
        var plan = options.WeightMemory is null ? null : model.PlanMemory(options.WeightMemory, writeEvery: options.WriteEvery);
        var (roofline, count) = kind == DeviceKind.Cuda
            ? (GpuRoofline.Of(model, wanted, batch, seq, plan), GpuStepCount.Of(model, batch, seq))
            : ((GpuRoofline?)null, (GpuStepCount?)null);
        if (parsed.GetValue(s_json))
        {
            PrintJson(model, memory, roofline, count);
        }
        else
        {
            Print(model, memory, roofline, count);
        }

        return 0;
    }

    private static LanguageModel Open(Checkpoints.CheckpointFolder folder)
    {
        try
        {
            return ModelCatalog.Inspect(folder);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    private static IEnumerable<(DType Type, long Count)> Types(LanguageModel model) =>
        model.Parameters.All.GroupBy(p => p.Type).Select(g => (g.Key, g.Sum(p => p.Count))).OrderByDescending(t => t.Item2);

    // Weights by what they are, in the order of the model.
    private static IEnumerable<(ModelPart Part, IReadOnlyList<(TensorKind Kind, long Count)> Kinds)> Roles(LanguageModel model) =>
        model.Parameters.All.GroupBy(p => p.Role.Part).OrderBy(g => g.Key).Select(g => (
            g.Key,
            (IReadOnlyList<(TensorKind, long)>)[.. g.GroupBy(p => p.Role.Kind).OrderBy(k => k.Key).Select(
                k => (k.Key, k.Sum(p => p.Count)))]));

    private static string Counted((TensorKind Kind, long Count) counted)
    {
        string count = counted.Count.ToString("N0", CultureInfo.InvariantCulture);
        return counted.Kind == TensorKind.Weight ? count : $"{count} {counted.Kind.Word()}";
    }

    private static void Print(LanguageModel model, TrainingMemory memory, GpuRoofline? roofline, GpuStepCount? count)
    {
        var shape = model.Shape;
        Terminal.PrintTable(
        [
            ("architecture", shape.Architecture),
            ("parameters", model.Parameters.Count.ToString("N0", CultureInfo.InvariantCulture)
                + $" in {model.Parameters.All.Count} tensors"),
            .. Roles(model).Select(r => ($"  {r.Part.Word()}", string.Join(" + ", r.Kinds.Select(Counted)))),
            ("trained", model.Parameters.TrainedCount.ToString("N0", CultureInfo.InvariantCulture)
                + $" in {model.Parameters.Trained.Count} tensors"),
            ("dtypes", string.Join(
                ", ", Types(model).Select(t => $"{t.Type.TorchName()} ({t.Count.ToString("N0", CultureInfo.InvariantCulture)})"))),
            ("layers", $"{shape.Layers}"),
            ("hidden", $"{shape.Hidden}"),
            ("intermediate", $"{shape.Intermediate}"),
            ("vocabulary", $"{shape.Vocabulary}"),
            ("positions", $"{shape.MaxPositions}"),
            ("files", string.Join(", ", model.Checkpoint.Shards.Select(s => $"{s.FileName} ({s.File.Tensors.Count} tensors)"))),
            ("training memory", $"{Format.Bytes(memory.Total)} for {memory.BatchSize} texts of {memory.Sequence} tokens"),
            ("  weights", Format.Bytes(memory.Weights)),
            ("  optimizer", Format.Bytes(memory.State)),
            ("  activations", $"{Format.Bytes(memory.Activations)} = {memory.Formula}"),
            ("  runtime", Format.Bytes(memory.Runtime)),
            .. roofline is null ? [] : Bounds(roofline),
            .. count is null ? [] : Counted(count),
            .. model.Notes.Select(note => ("note", note)),
        ]);
    }

    private static IEnumerable<(string, string)> Bounds(GpuRoofline roofline) =>
    [
        ("a mezo step", Format.Invariant(
            $"{roofline.Teraflop:F2} TFLOP, {roofline.Gigabytes:F1} GB{Streamed(roofline)}; at best, by published peaks:")),
        .. roofline.Bounds.Select(b => (
            $"  {b.Gpu}",
            Format.Invariant($"{1e3 * b.SingleSeconds:F0} ms in fp16 and {1e3 * b.TensorSeconds:F0} ms in bf16x3 on tensor cores, "
                + $"{1e3 * b.Fp32Seconds:F0} ms in fp32 (memory alone {1e3 * b.MemorySeconds:F0} ms{OverLink(b)})"))),
    ];

    private static IEnumerable<(string, string)> Counted(GpuStepCount count) =>
    [
        ("  by counts", Format.Invariant(
            $"H100 SXM: products {1e3 * count.SingleSeconds:F0} ms in fp16 and {1e3 * count.SplitSeconds:F0} ms in bf16x3, attention ")
            + Format.Invariant($"{1e3 * count.AttentionSeconds:F0} ms, update {1e3 * count.UpdateSeconds:F0} ms (instructions and cycles ")
            + "at most one in a cycle; not measured)"),
    ];

    private static string Streamed(GpuRoofline roofline) =>
        roofline.LinkGigabytes > 0 ? Format.Invariant($", {roofline.LinkGigabytes:F1} GB from the host and back") : string.Empty;

    private static string OverLink(GpuBound bound) =>
        bound.LinkSeconds > 0 ? Format.Invariant($", PCIe alone {1e3 * bound.LinkSeconds:F0} ms") : string.Empty;

    private static void PrintJson(
        LanguageModel model, TrainingMemory memory, GpuRoofline? roofline, GpuStepCount? count) => Terminal.PrintJson(writer =>
    {
        var shape = model.Shape;
        writer.WriteString("architecture", shape.Architecture);
        writer.WriteNumber("parameters", model.Parameters.Count);
        writer.WriteNumber("trained_parameters", model.Parameters.TrainedCount);
        writer.WriteNumber("tensors", model.Parameters.All.Count);
        writer.WriteStartObject("dtypes");
        foreach (var (type, count) in Types(model))
        {
            writer.WriteNumber(type.TorchName(), count);
        }

        writer.WriteEndObject();
        writer.WriteStartObject("roles");
        foreach (var (part, kinds) in Roles(model))
        {
            writer.WriteStartObject(part.Word());
            foreach (var (kind, count) in kinds)
            {
                writer.WriteNumber(kind.Word(), count);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteNumber("layers", shape.Layers);
        writer.WriteNumber("hidden", shape.Hidden);
        writer.WriteNumber("intermediate", shape.Intermediate);
        writer.WriteNumber("vocabulary", shape.Vocabulary);
        writer.WriteNumber("positions", shape.MaxPositions);
        writer.WriteStartArray("files");
        foreach (var shard in model.Checkpoint.Shards)
        {
            writer.WriteStringValue(shard.FileName);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("notes");
        foreach (string note in model.Notes)
        {
            writer.WriteStringValue(note);
        }

        writer.WriteEndArray();
        writer.WriteStartObject("training_memory");
        writer.WriteNumber("batch_size", memory.BatchSize);
        writer.WriteNumber("seq", memory.Sequence);
        writer.WriteNumber("weights_bytes", memory.Weights);
        writer.WriteNumber("optimizer_bytes", memory.State);
        writer.WriteNumber("activations_bytes", memory.Activations);
        writer.WriteNumber("runtime_bytes", memory.Runtime);
        writer.WriteNumber("total_bytes", memory.Total);
        writer.WriteEndObject();
        if (roofline is null)
        {
            return;
        }

        writer.WriteStartObject("step_at_best");
        writer.WriteNumber("teraflop", roofline.Teraflop);
        writer.WriteNumber("gigabytes", roofline.Gigabytes);
        writer.WriteNumber("link_gigabytes", roofline.LinkGigabytes);
        foreach (var bound in roofline.Bounds)
        {
            writer.WriteStartObject(bound.Gpu);
            writer.WriteNumber("tensor_core_seconds", bound.TensorSeconds);
            writer.WriteNumber("fp16_tensor_core_seconds", bound.SingleSeconds);
            writer.WriteNumber("fp32_seconds", bound.Fp32Seconds);
            writer.WriteNumber("memory_seconds", bound.MemorySeconds);
            writer.WriteNumber("link_seconds", bound.LinkSeconds);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        if (count is not null)
        {
            writer.WriteStartObject("step_by_counts");
            writer.WriteStartObject("H100 SXM");
            writer.WriteNumber("fp16_product_seconds", count.SingleSeconds);
            writer.WriteNumber("bf16x3_product_seconds", count.SplitSeconds);
            writer.WriteNumber("attention_seconds", count.AttentionSeconds);
            writer.WriteNumber("update_seconds", count.UpdateSeconds);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
    });
}
