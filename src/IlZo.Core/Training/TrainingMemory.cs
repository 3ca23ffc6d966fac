using IlZo.Backends;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Tensors;

namespace IlZo.Training;

/// <summary>
/// What training a model will take: the weights once, what the optimizer keeps beside them, and
/// the activations of one layer of one batch at the two probes of a pass.
/// </summary>
/// <param name="BatchSize">Texts of a batch.</param>
/// <param name="Sequence">Tokens of a text.</param>
/// <param name="Weights">Bytes of the weights.</param>
/// <param name="State">Bytes of the optimizer's state.</param>
/// <param name="Activations">Bytes of the activations.</param>
/// <param name="Formula">How the activations follow from the sizes.</param>
/// <param name="Runtime">Bytes of the program, its buffers and the runtime; on a GPU of the driver and of logits.</param>
public sealed record TrainingMemory(int BatchSize, int Sequence, long Weights, long State, long Activations, string Formula, long Runtime)
{
    private const long CpuRuntime = 64_000_000;

    private const int Probes = 2;

    /// <summary>Bytes of all of it.</summary>
    public long Total => Weights + State + Activations + Runtime;

    /// <summary>Predicts it from a model's sizes; no weights are read.</summary>
    /// <param name="model">The model.</param>
    /// <param name="type">What weights are kept as, or null for what they are stored as.</param>
    /// <param name="options">The method, and what products are computed in.</param>
    /// <param name="batchSize">Texts of a batch.</param>
    /// <param name="sequence">Tokens of a text.</param>
    /// <param name="kind">Where the memory is.</param>
    /// <exception cref="InvalidInputException">The method's options are wrong, or no device of that kind trains in that precision.</exception>
    public static TrainingMemory Predict(LanguageModel model, DType? type, TrainingOptions options, int batchSize, int sequence, DeviceKind kind)
    {
        options.EngineRequest.Validate(kind);
        var shape = model.Shape;
        var tensors = model.Parameters.All;
        int own = tensors.Count - (model.Adapter?.Parameters.Count ?? 0);
        long weights = tensors.Sum(p => p.Count * (p.Id < own ? type ?? p.Type : p.Type).Size());
        using var optimizer = OptimizerCatalog.Find(options.Optimizer).Create(options.ToSettings(model.Parameters));
        long state = kind == DeviceKind.Cuda ? optimizer.DeviceBytes : optimizer.StateBytes;
        int copied = CopiedBytes(options, kind);
        string numbers = $"4 bytes x {shape.ActivationFeatures}";
        string bytes = copied == 0 ? numbers : $"({numbers} + {copied} bytes x {shape.WidestInput})";
        string formula = $"{Probes} probes x {batchSize} x {sequence} tokens x {bytes}";
        long perToken = (sizeof(float) * (long)shape.ActivationFeatures) + ((long)copied * shape.WidestInput);
        long activations = checked(Probes * (long)batchSize * sequence * perToken);
        return new TrainingMemory(batchSize, sequence, weights, state, activations, formula, kind == DeviceKind.Cuda ? GpuMemory.Total : CpuRuntime);
    }

    // What is multiplied is copied first where it is rounded for it: bytes of each number.
    private static int CopiedBytes(TrainingOptions options, DeviceKind kind) => kind switch
    {
        DeviceKind.Cuda => options.Precision == PrecisionName.Float16 ? sizeof(ushort) : 0,
        _ => options.Precision == PrecisionName.SplitBFloat16 || options.Engine == EngineName.Amx ? 2 * sizeof(ushort) : 0,
    };
}
