using IlZo.Backends;
using IlZo.Tensors;

namespace IlZo.Inference;

/// <summary>How a model is made ready.</summary>
public sealed record TextModelOptions
{
    /// <summary>A folder with an adapter in PEFT's format; null for none, or that of the run that the model is.</summary>
    public string? Adapter { get; init; }

    /// <summary>The type to keep the checkpoint's weights in; null for the one they are stored in.</summary>
    public DType? DType { get; init; }

    /// <summary>A file with the chat template; null for the one that the model was trained with, or its own.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>The device: auto, cpu or cuda:N; null is auto.</summary>
    public string? Device { get; init; }

    /// <summary>Threads of the CPU, 1 or more; null for all processors. They change no result.</summary>
    public int? Threads { get; init; }

    /// <summary>What is asked for to compute products.</summary>
    public EngineRequest Engine { get; init; } = new();

    /// <summary>Opens the device; where nothing else is given, only the CPU.</summary>
    public BackendFactory Backends { get; init; } = DeviceName.OpenCpu;
}
