using IlZo.Backends;
using IlZo.Tensors;

namespace IlZo.Inference;

/// <summary>How a model is loaded.</summary>
public sealed record TextModelOptions
{
    /// <summary>A folder with an adapter in PEFT's format; null for none or, if the model is a run, for the run's own adapter.</summary>
    public string? Adapter { get; init; }

    /// <summary>Folders of further adapters, which passes can have in the place of that one.</summary>
    internal IReadOnlyList<string> Others { get; init; } = [];

    /// <summary>The type in which to keep the checkpoint's weights; null for the stored type.</summary>
    public DType? DType { get; init; }

    /// <summary>A file with the chat template; null for the one used in training, or the model's own.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>The device: auto, cpu or cuda:N; null means auto.</summary>
    public string? Device { get; init; }

    /// <summary>CPU threads, 1 or more; null for all processors. Results do not depend on them.</summary>
    public int? Threads { get; init; }

    /// <summary>The requested engine for matrix products.</summary>
    public EngineRequest Engine { get; init; } = new();

    /// <summary>Opens the device; by default, only the CPU is available.</summary>
    public BackendFactory Backends { get; init; } = DeviceName.OpenCpu;
}
