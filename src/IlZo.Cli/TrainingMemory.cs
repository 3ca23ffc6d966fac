using IlZo.Backends;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Tensors;
using IlZo.Training;

namespace IlZo.Cli;

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
internal sealed record TrainingMemory(int BatchSize, int Sequence, long Weights, long State, long Activations, string Formula, long Runtime)
{
    private const long CpuRuntime = 64_000_000;

    private const int Probes = 2;

    public long Total => Weights + State + Activations + Runtime;

    public static TrainingMemory Predict(LanguageModel model, DType? type, TrainingOptions options, int batchSize, int sequence, bool onGpu)
    {
        var shape = model.Shape;
        int inner = shape.IsGated ? 2 : 1;
        var tensors = model.Parameters.All;
        int own = tensors.Count - (model.Adapter?.Parameters.Count ?? 0);
        long weights = tensors.Sum(p => p.Count * (p.Id < own ? type ?? p.Type : p.Type).Size());

        // The residual stream and its normalized form, and beside them either what attention needs (queries, results, keys, values) or the MLP.
        long perToken = (2L * shape.Hidden) + Math.Max((2L * shape.QueryFeatures) + (2L * shape.KeyFeatures), (long)inner * shape.Intermediate);
        using var optimizer = OptimizerCatalog.Find(options.Optimizer).Create(options.ToSettings(model.Parameters));
        string formula = $"{Probes} probes x {batchSize} x {sequence} tokens x 4 bytes x (2 x {shape.Hidden} + max(2 x {shape.QueryFeatures} + 2 x {shape.KeyFeatures}, {inner} x {shape.Intermediate}))";
        long activations = checked(Probes * (long)batchSize * sequence * sizeof(float) * perToken);
        long state = onGpu ? optimizer.DeviceBytes : optimizer.StateBytes;
        return new TrainingMemory(batchSize, sequence, weights, state, activations, formula, onGpu ? GpuMemory.Total : CpuRuntime);
    }
}
