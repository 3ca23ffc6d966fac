using IlZo.Backends;
using IlZo.Backends.Cpu;
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
/// <param name="Runtime">Bytes of the program, its buffers and the runtime; on a GPU of the driver, of logits and of weights
/// that are prepared for products of many tokens.</param>
public sealed record TrainingMemory(int BatchSize, int Sequence, long Weights, long State, long Activations, string Formula, long Runtime)
{
    private const long CpuRuntime = 64_000_000;

    private const int Probes = 2;

    /// <summary>
    /// Bytes of the weights that are not trained and stay in the checkpoint's file: the operating system can drop them and read them again.
    /// </summary>
    public long InFile { get; private init; }

    /// <summary>Bytes of all of it.</summary>
    public long Total => Weights + State + Activations + Runtime;

    /// <summary>Predicts it from a model's sizes; no weights are read.</summary>
    /// <param name="model">The model.</param>
    /// <param name="type">What weights are kept as, or null for what they are stored as.</param>
    /// <param name="options">The method, and what products are computed in.</param>
    /// <param name="batchSize">Texts of a batch.</param>
    /// <param name="sequence">Tokens of a text.</param>
    /// <param name="kind">Where the memory is.</param>
    /// <exception cref="InvalidInputException">The method's options are wrong, or no device of that kind trains in that
    /// precision.</exception>
    internal static TrainingMemory Predict(
        LanguageModel model, DType? type, TrainingOptions options, int batchSize, int sequence, DeviceKind kind)
    {
        long tokens = (long)batchSize * sequence;
        var (perToken, numbers) = BytesOfToken(model, options, kind, tokens);
        return Of(model, type, options, kind, tokens) with
        {
            BatchSize = batchSize,
            Sequence = sequence,
            Activations = checked(Probes * tokens * perToken),
            Formula = $"{Probes} probes x {batchSize} x {sequence} tokens x {numbers}",
        };
    }

    /// <summary>Predicts it from a model's sizes and the largest pass of a run, and else as for texts of one length.</summary>
    internal static TrainingMemory Predict(LanguageModel model, DType? type, TrainingOptions options, PassSize pass, DeviceKind kind)
    {
        var (perToken, numbers) = BytesOfToken(model, options, kind, pass.Tokens);
        long perOutput = kind == DeviceKind.Cuda ? 0 : CpuPass.HeadBytes(model.Head, options.Threads ?? Environment.ProcessorCount);
        string probes = pass.Probes == 1 ? "1 probe" : $"{pass.Probes} probes";
        string outputs = perOutput == 0 ? string.Empty : $" + {pass.Outputs} outputs x {perOutput} bytes";
        return Of(model, type, options, kind, pass.Tokens) with
        {
            BatchSize = pass.Texts,
            Sequence = (int)Math.Min(int.MaxValue, (pass.Tokens + pass.Texts - 1) / pass.Texts),
            Activations = checked(pass.Probes * ((pass.Tokens * perToken) + (pass.Outputs * perOutput))),
            Formula = $"{probes} x ({pass.Tokens} tokens x {numbers}{outputs})",
        };
    }

    // All but the activations.
    private static TrainingMemory Of(LanguageModel model, DType? type, TrainingOptions options, DeviceKind kind, long tokens)
    {
        options.EngineRequest.Validate(kind);
        var tensors = model.Parameters.All;
        int own = tensors.Count - (model.Adapter?.Parameters.Count ?? 0);
        long weights = tensors.Sum(p => (p.Id < own ? type ?? p.Type : p.Type).Layout().Bytes(p.Count));
        if (options.WeightMemory is { } budget && type is null)
        {
            var plan = StreamPlan.Of(model.Parameters, model.Shape.Layers, budget);
            weights = plan.ResidentBytes + plan.WorkingBytes;
        }

        bool isFile = kind == DeviceKind.Cpu && model.Checkpoint.Folder is not null;
        long inFile = isFile ? tensors.Where(p => p.Id < own && !p.IsTrained && (type ?? p.Type) == p.Type).Sum(p => p.ByteCount) : 0;
        long state = StateBytes(model, options, kind);
        inFile = Math.Min(inFile, weights);
        return new TrainingMemory(0, 0, weights, state, 0, string.Empty, kind == DeviceKind.Cuda
            ? GpuMemory.Total + OperandBytes(model, options, tokens)
            : CpuRuntime)
        { InFile = inFile };
    }

    // A method reserves what it will keep, of which nothing is written here; an operating system may refuse even that.
    private static long StateBytes(LanguageModel model, TrainingOptions options, DeviceKind kind)
    {
        try
        {
            using var optimizer = options.Method.Create(options.ToSettings(model.Parameters));
            return kind == DeviceKind.Cuda ? optimizer.DeviceBytes : checked(optimizer.StateBytes + StartBytes(model, options));
        }
        catch (OutOfMemoryException e)
        {
            throw new InvalidInputException(
                $"What {options.Optimizer} keeps for {model.Parameters.TrainedCount} trained weights exceeds what the machine can reserve; "
                + "a method that keeps less, an adapter, or fewer trained weights were expected.",
                e);
        }
    }

    // The start of an adapter is copied, and once more when it is read.
    private static long StartBytes(LanguageModel model, TrainingOptions options) =>
        options.Method.ReadsStartLater && model.Adapter is { } adapter
            ? checked(2 * sizeof(float) * adapter.Parameters.Concat(adapter.Head.Values).Sum(p => p.Count))
            : 0;

    // Weights that are prepared on a GPU for products of many tokens: the largest matrix of a layer, or as much as is prepared at a time.
    private static long OperandBytes(LanguageModel model, TrainingOptions options, long tokens)
    {
        if (!GpuMemory.IsPrepared(options.Precision, tokens))
        {
            return 0;
        }

        var matrices = model.Parameters.All.Where(p => p.Layer is not null && p.Shape.Count == 2);
        long largest = matrices.Select(p => p.Count).DefaultIfEmpty().Max();
        return Math.Min(GpuMemory.Operands, checked(Probes * largest * GpuMemory.CopiedBytes(options.Precision, tokens)));
    }

    // What a token takes at a probe, as a number and as a formula.
    private static (long Bytes, string Formula) BytesOfToken(LanguageModel model, TrainingOptions options, DeviceKind kind, long tokens)
    {
        var shape = model.Shape;
        int copied = CopiedBytes(options, kind, tokens);
        int widest = kind == DeviceKind.Cuda ? GpuMemory.CopiedNumbers(shape.WidestInput, copied) : shape.WidestInput;
        string numbers = $"4 bytes x {shape.ActivationFeatures}";
        return (
            (sizeof(float) * (long)shape.ActivationFeatures) + ((long)copied * widest),
            copied == 0 ? numbers : $"({numbers} + {copied} bytes x {widest})");
    }

    // What is multiplied is copied first where it is rounded or split for it: bytes of each number.
    private static int CopiedBytes(TrainingOptions options, DeviceKind kind, long tokens) => kind switch
    {
        DeviceKind.Cuda => GpuMemory.CopiedBytes(options.Precision, tokens),
        _ => options.Precision == PrecisionName.SplitBFloat16 || options.Engine == EngineName.Amx ? 2 * sizeof(ushort) : 0,
    };
}
