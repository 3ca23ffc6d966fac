using IlZo.Backends;
using IlZo.Benchmarks;
using IlZo.Tensors;

namespace IlZo.Cli;

/// <summary>What <c>ilzo bench</c> measures.</summary>
internal enum BenchPart
{
    /// <summary>Linear layers.</summary>
    Gemm,

    /// <summary>Noise.</summary>
    Noise,

    /// <summary>Plain forward passes of a model.</summary>
    Forward,

    /// <summary>Whole steps of a model.</summary>
    Step,

    /// <summary>All of these.</summary>
    All,
}

/// <summary>What and how much is to be measured.</summary>
internal sealed record BenchRequest
{
    /// <summary>How often everything is repeated.</summary>
    public const int DefaultRepetitions = 5;

    /// <summary>What <c>--device</c> says, or null.</summary>
    public string? Device { get; init; }

    /// <summary>What is asked for to compute products.</summary>
    public EngineRequest Engine { get; init; } = new();

    /// <summary>A model folder or the built-in model, or null.</summary>
    public string? Model { get; init; }

    /// <summary>A shape, or null.</summary>
    public string? Shape { get; init; }

    /// <summary>Texts of a batch.</summary>
    public int Batch { get; init; }

    /// <summary>Tokens of a text.</summary>
    public int Length { get; init; }

    /// <summary>Measured repetitions, after one that is not.</summary>
    public int Repetitions { get; init; } = DefaultRepetitions;

    /// <summary>What the weights of layers are kept as.</summary>
    public DType Type { get; init; } = DType.F16;

    /// <summary>Tokens that layers are measured with; null for several numbers of them.</summary>
    public int? Tokens { get; init; }

    /// <summary>The kind of adapter that steps train; null for all weights.</summary>
    public string? Adapter { get; init; }

    /// <summary>Bytes of weights that may stay in memory; null for all.</summary>
    public long? WeightMemory { get; init; }

    /// <summary>What the matrices of a shape are stored in; null for fp16.</summary>
    public DType? Blocks { get; init; }

    /// <summary>Whether a shape's files have holes in the place of matrices.</summary>
    public bool HasHoles { get; init; }

    /// <summary>Whether JSON is printed.</summary>
    public bool Json { get; init; }

    /// <summary>Calls a function with the model's folder, which is made of the shape where there is one.</summary>
    public void WithModel(Action<string> run)
    {
        using var made = Shape is null ? null : new SyntheticFolder(Shape, HasHoles, Blocks);
        run(made?.Path ?? Model!);
    }
}
