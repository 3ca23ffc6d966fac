using System.CommandLine;
using IlZo.Benchmarks;
using IlZo.Cli.Gpu;

namespace IlZo.Cli;

/// <summary>The options that name a model, or a shape in its place, and the texts that it is measured with.</summary>
internal sealed class BenchModelOptions
{
    private readonly Option<string?> _shape = Flags.Text("--shape", "SHAPE", $"A published shape with random fp16 weights: {Shapes}.");
    private readonly Option<string?> _model = Flags.Text("--model", "DIR|builtin", "A model, instead of a shape.");
    private readonly Option<int?> _batch = Flags.Number<int>("--batch", "N", "Number of texts (default: 16).");
    private readonly Option<int?> _length = Flags.Number<int>("--seq", "N", "Tokens per text (default: 128).");
    private readonly Option<int?> _repetitions = Flags.Number<int>(
        "--steps", "N", "Measured repetitions, after one warm-up (default: 5).");

    /// <summary>The names of the published shapes.</summary>
    public static string Shapes { get; } = string.Join(", ", SyntheticCheckpoint.Shapes);

    public void AddTo(Command command)
    {
        command.Add(_shape);
        command.Add(_model);
        command.Add(_batch);
        command.Add(_length);
        command.Add(_repetitions);
    }

    /// <summary>What was asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="defaultShape">The shape where neither a shape nor a model is given; null where one of them must be.</param>
    /// <exception cref="InvalidInputException">Both are given or none, or a number is below 1.</exception>
    public BenchRequest Request(ParseResult parsed, string? defaultShape = null)
    {
        string? model = parsed.GetValue(_model);
        string? shape = parsed.GetValue(_shape) ?? (model is null ? defaultShape : null);
        if ((model is null) == (shape is null))
        {
            throw new InvalidInputException("One of --shape and --model was expected.");
        }

        return new BenchRequest
        {
            Model = model,
            Shape = shape,
            Batch = Flags.AtLeastOne("--batch", parsed.GetValue(_batch) ?? 16),
            Length = Flags.AtLeastOne("--seq", parsed.GetValue(_length) ?? 128),
            Repetitions = Flags.AtLeastOne("--steps", parsed.GetValue(_repetitions) ?? BenchRequest.DefaultRepetitions),
        };
    }
}
