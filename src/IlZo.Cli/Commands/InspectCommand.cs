using System.CommandLine;
using System.Globalization;
using IlZo.Models;
using IlZo.Tensors;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo inspect</c>.</summary>
internal static class InspectCommand
{
    private static readonly Argument<string> s_model = new("model")
    {
        Description = "A model folder in the Hugging Face layout, or builtin.",
        HelpName = "DIR|builtin",
    };
    private static readonly Option<string> s_dtype = Flags.DType();
    private static readonly Option<int?> s_batchSize = Flags.Number<int>(
        "--batch-size", "N", "Texts of a batch, for the prediction of memory (default: 16).");
    private static readonly Option<int?> s_seq = Flags.Number<int>(
        "--seq", "N", "Tokens of a text, for the prediction of memory (default: 128).");
    private static readonly Option<string?> s_optimizer = Flags.Text(
        "--optimizer", "NAME", "Training method, for the prediction of memory (default: mezo).");
    private static readonly Option<string?> s_opt = Flags.Pairs("--opt", "An option of the method; may be given several times.");

    // What decides which weights are trained, as for train.
    private static readonly IReadOnlyList<TrainingSetting> s_trained =
        [.. TrainingSetting.All.Where(s => TrainingSetting.OfTrainedWeights.Contains(s.Name))];

    private static readonly Option<bool> s_json = Flags.Json();

    public static Command Create()
    {
        var command = new Command(
            "inspect",
            "Show a model's architecture, parameters and predicted training memory; no weights are read.")
        {
            s_model, s_dtype, s_batchSize, s_seq, s_optimizer, s_opt, s_json,
        };
        foreach (var setting in s_trained)
        {
            command.Add(setting.Flag);
        }

        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var wanted = Flags.ParseDType(parsed.GetValue(s_dtype));
        int batch = Positive("--batch-size", parsed.GetValue(s_batchSize) ?? 16);
        int seq = Positive("--seq", parsed.GetValue(s_seq) ?? 128);
        var folder = ModelLoader.Open(parsed.GetValue(s_model)!);
        using var model = Open(folder);
        var options = TrainingSetting.Resolve(parsed, s_trained);
        TrainableModel.Prepare(model, options, backend: null);
        options = options with { Optimizer = parsed.GetValue(s_optimizer) ?? options.Optimizer, Opt = parsed.GetValue(s_opt) ?? options.Opt };
        var memory = TrainingMemory.Predict(model, wanted, options, batch, seq);
        if (parsed.GetValue(s_json))
        {
            PrintJson(model, memory);
        }
        else
        {
            Print(model, memory);
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

    private static int Positive(string name, int value) =>
        value > 0 ? value : throw new InvalidInputException($"{name} is {value}; 1 or more was expected.");

    private static IEnumerable<(DType Type, long Count)> Types(LanguageModel model) =>
        model.Parameters.All.GroupBy(p => p.Type).Select(g => (g.Key, g.Sum(p => p.Count))).OrderByDescending(t => t.Item2);

    private static void Print(LanguageModel model, TrainingMemory memory)
    {
        var shape = model.Shape;
        Terminal.PrintTable(
        [
            ("architecture", shape.Architecture),
            ("parameters", model.Parameters.Count.ToString("N0", CultureInfo.InvariantCulture) + $" in {model.Parameters.All.Count} tensors"),
            ("trained", model.Parameters.TrainedCount.ToString("N0", CultureInfo.InvariantCulture) + $" in {model.Parameters.Trained.Count} tensors"),
            ("dtypes", string.Join(", ", Types(model).Select(t => $"{t.Type.TorchName()} ({t.Count.ToString("N0", CultureInfo.InvariantCulture)})"))),
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
            ("  runtime", Format.Bytes(TrainingMemory.Runtime)),
        ]);
    }

    private static void PrintJson(LanguageModel model, TrainingMemory memory) => Terminal.PrintJson(writer =>
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
        writer.WriteStartObject("training_memory");
        writer.WriteNumber("batch_size", memory.BatchSize);
        writer.WriteNumber("seq", memory.Sequence);
        writer.WriteNumber("weights_bytes", memory.Weights);
        writer.WriteNumber("optimizer_bytes", memory.State);
        writer.WriteNumber("activations_bytes", memory.Activations);
        writer.WriteNumber("runtime_bytes", TrainingMemory.Runtime);
        writer.WriteNumber("total_bytes", memory.Total);
        writer.WriteEndObject();
    });
}
