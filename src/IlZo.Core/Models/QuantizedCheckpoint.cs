using IlZo.Arithmetic;
using IlZo.Arithmetic.Blocks;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>What <see cref="QuantizedCheckpoint"/> did.</summary>
/// <param name="Quantized">The tensors that are in blocks.</param>
/// <param name="Kept">The other matrices, which are as they were.</param>
/// <param name="StoredBytes">Bytes of all tensors before.</param>
/// <param name="QuantizedBytes">Bytes of all tensors after.</param>
/// <param name="Error">The root mean square of what rounding changed, over that of the weights that were rounded.</param>
public sealed record QuantizationReport(
    IReadOnlyList<string> Quantized, IReadOnlyList<string> Kept, long StoredBytes, long QuantizedBytes, double Error);

/// <summary>
/// Writes a checkpoint whose matrices are stored in blocks, a base for adapters: the weights of linear layers and the tables of tokens.
/// Biases, norms, other tables, classification heads and rows that are no whole number of blocks stay as they are.
/// </summary>
public sealed class QuantizedCheckpoint
{
    // Rows that are rounded side by side.
    private const int RowsAtOnce = 64;

    private readonly LanguageModel _model;
    private readonly DType _type;
    private readonly HashSet<string> _quantized;
    private double _squares;
    private double _errors;

    private QuantizedCheckpoint(LanguageModel model, DType type, IReadOnlySet<Parameter> kept)
    {
        (_model, _type) = (model, type);
        _quantized =
        [
            .. model.Stored.Where(s => IsQuantized(s.Value) && !kept.Contains(s.Value)).Select(s => s.Key),
        ];
    }

    /// <summary>Writes it, as a whole or not at all. Weights are read and rounded a few rows at a time.</summary>
    /// <param name="model">A model whose weights are stored in fp32, fp16 or bf16.</param>
    /// <param name="folder">The folder to create, or a saved model to replace.</param>
    /// <param name="to">Q8_0, Q4_0 or NF4.</param>
    /// <param name="keep">Patterns and roles, with commas between them, of tensors that stay as they are; null for none.</param>
    /// <param name="cancellation">Ends the work between a few rows; the folder is as it was.</param>
    /// <exception cref="InvalidInputException">
    /// Weights are in blocks already, no tensor can be, a pattern matches none, a scale overflows, or the type is another.
    /// </exception>
    /// <exception cref="IOException">Writing failed; the folder is as it was.</exception>
    public static QuantizationReport Save(
        LanguageModel model, string folder, DType to, string? keep = null, CancellationToken cancellation = default)
    {
        if (model.Stored.FirstOrDefault(s => s.Value.Type.IsBlocked()) is { Key: { } name, Value: var blocked })
        {
            throw new InvalidInputException(
                $"'{model.Checkpoint.DisplayName}': tensor '{name}' is in blocks of {blocked.Type.TorchName()} already; weights in fp32, "
                    + "fp16 or bf16 were expected.");
        }

        if (to is not (DType.Q8_0 or DType.Q4_0 or DType.NF4))
        {
            throw new InvalidInputException($"{Setting.To} is '{to.TorchName()}'; {BlockWords.Instance.List} was expected.");
        }

        var kept = keep is null ? [] : NamePatterns.Find(model.Parameters.All, Setting.Keep, keep);
        var checkpoint = new QuantizedCheckpoint(model, to, kept);
        if (checkpoint._quantized.Count == 0)
        {
            throw new InvalidInputException(
                $"'{model.Checkpoint.DisplayName}' has no matrix left whose rows are whole blocks of {to.Layout().BlockElements}; one at "
                    + "least was expected.");
        }

        CheckpointSaver.Save(
            model.Checkpoint, folder, checkpoint.Stored, (tensor, stream) => checkpoint.Write(tensor, stream, cancellation), null);
        return checkpoint.Report();
    }

    private bool IsQuantized(Parameter parameter) =>
        parameter is { Role.Kind: TensorKind.Weight, Shape.Count: 2 }
        && parameter.Role.Part is not (ModelPart.None or ModelPart.PositionEmbedding or ModelPart.TokenTypeEmbedding or ModelPart.Norm)
        && !(parameter.Role.Part == ModelPart.Head && _model.Kind == ModelKind.Classifier)
        && parameter.Columns % _type.Layout().BlockElements == 0;

    private unsafe TensorEntry Stored(TensorEntry tensor) => _quantized.Contains(tensor.Name)
        ? new TensorEntry(tensor.File, tensor.Name, StoredType.Name(_type), tensor.Shape, null)
        : tensor;

    private void Write(TensorEntry tensor, Stream stream, CancellationToken cancellation)
    {
        if (!_quantized.Contains(tensor.Name))
        {
            SafetensorsWriter.Content(cancellation)(tensor, stream);
            return;
        }

        var parameter = _model.Stored[tensor.Name];
        int rowBytes = checked((int)_type.Layout().Bytes(parameter.Columns));
        byte[] rounded = new byte[checked(RowsAtOnce * rowBytes)];
        double[] squares = new double[RowsAtOnce];
        double[] errors = new double[RowsAtOnce];
        for (int first = 0; first < parameter.Rows; first += RowsAtOnce)
        {
            int rows = Math.Min(RowsAtOnce, parameter.Rows - first);
            int begin = first;
            Parallel.For(0, rows, new ParallelOptions { CancellationToken = cancellation }, i =>
                (squares[i], errors[i]) = Round(parameter, begin + i, rounded.AsSpan(i * rowBytes, rowBytes)));
            stream.Write(rounded, 0, rows * rowBytes);
            _squares += squares.Take(rows).Sum();
            _errors += errors.Take(rows).Sum();
        }
    }

    // The sums of the squares of a row and of what rounding changed in it.
    private unsafe (double Squares, double Errors) Round(Parameter parameter, int row, Span<byte> to)
    {
        float[] exact = new float[parameter.Columns];
        float[] read = new float[parameter.Columns];
        fixed (float* e = exact)
        {
            Widening.Read(parameter, row, 0, e, exact.Length);
        }

        if (!BlockRounding.TryWrite(_type, exact, to))
        {
            throw new InvalidInputException(
                $"'{_model.Checkpoint.DisplayName}': row {row} of tensor '{parameter.Name}' has numbers that are too large for a scale in "
                    + "fp16; smaller ones or nf4 were expected.");
        }

        fixed (byte* stored = to)
        fixed (float* r = read)
        {
            BlockRows.Read(_type, stored, 0, r, read.Length);
        }

        double squares = 0, errors = 0;
        for (int i = 0; i < exact.Length; i++)
        {
            double difference = (double)exact[i] - read[i];
            squares += (double)exact[i] * exact[i];
            errors += difference * difference;
        }

        return (squares, errors);
    }

    private QuantizationReport Report()
    {
        var tensors = _model.Checkpoint.Tensors.Values;
        string[] kept = [.. _model.Stored.Where(s => s.Value.Shape.Count == 2 && !_quantized.Contains(s.Key)).Select(s => s.Key)];
        return new QuantizationReport(
            [.. _quantized.Order(StringComparer.Ordinal)],
            kept,
            tensors.Sum(t => t.ByteCount),
            tensors.Sum(t => Stored(t).ByteCount),
            _squares > 0 ? Math.Sqrt(_errors / _squares) : 0);
    }
}
