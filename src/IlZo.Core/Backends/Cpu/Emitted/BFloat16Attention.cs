using System.Runtime.Intrinsics;

namespace IlZo.Backends.Cpu.Emitted;

/// <summary>
/// Attention's products with bfloat16 operands and fp32 sums by a <see cref="PanelKernel"/>. Keys and values take the place of weights,
/// scaled queries and probabilities that of activations.
/// <code>
/// keys    row r   features of key r | of key 96 + r | of key 192 + r | …      as many bands of 96 keys beside each other as fit a row
/// values  row f   feature f of keys 0 … 767                                   the following keys in further slices
/// </code>
/// A row has room for 768 numbers, and a head has far fewer: with one key a row, nearly every row would lie on a page of its own.
/// </summary>
/// <param name="kernel">The kernel, as machine code or as its twin in C#.</param>
internal sealed unsafe class BFloat16Attention(PanelFunction kernel) : AttentionEngine
{
    // Whole groups of every kernel.
    private const int BandKeys = 96;

    // Beyond whole groups, so that a key's features do not compete for cache sets.
    private const int StagedPadding = 16;

    private readonly PanelKernel _kernel = kernel.Kernel;
    private readonly BFloat16Layout _layout = kernel.Kernel.Layout;

    public override int LongestHead => BFloat16Layout.Depth;

    public override int KeyStep => BFloat16Layout.Depth;

    public override int ScoreRows(int keys) => _kernel.Padded(keys);

    public override int ResultRows(int headSize) => _kernel.Padded(headSize);

    public override KeyValueOperand Pack(
        in KeyValueSource source, int probe, int segment, int feature, int size, int count, WorkerScratch scratch)
    {
        long keyBytes = KeyOffset(size, count - 1) + ((long)BandKeys * _layout.RowBytes);
        long valueBytes = ValueOffset(size, count - 1) + ((long)ResultRows(size) * _layout.RowBytes);
        byte* packed = (byte*)scratch.Packed((keyBytes + valueBytes) / sizeof(float));
        var operand = new KeyValueOperand(packed, packed + keyBytes, size, count, scratch);

        // Zeros follow the last feature and the last key, so that whole groups are packed.
        int stride = BFloat16Layout.PaddedColumns(ScoreRows(count)) + StagedPadding;
        int columns = BFloat16Layout.PaddedColumns(size);
        float* staged = scratch.Packed2((long)columns * stride);
        new Span<float>(staged + ((long)size * stride), (columns - size) * stride).Clear();
        source.GatherKeys(probe, segment, feature, size, count, staged, stride);
        for (int key = 0; key < count; key += BandKeys)
        {
            int rows = Math.Min(BandKeys, ScoreRows(count - key));
            BFloat16Packing.PackColumns(_layout, staged + key, stride, columns, rows, KeysAt(operand, key));
        }

        source.GatherValues(probe, segment, feature, size, count, staged, stride);
        for (int key = 0; key < count; key += BFloat16Layout.Depth)
        {
            int depth = BFloat16Layout.PaddedColumns(Math.Min(BFloat16Layout.Depth, count - key));
            byte* row = ValuesAt(operand, key);
            for (int f = 0; f < size; f++, row += _layout.RowBytes)
            {
                BFloat16Packing.PackRow(_layout, staged + ((long)f * stride) + key, depth, row);
            }
        }

        return operand;
    }

    public override void Score(in KeyValueOperand operand, float* queries, int first, int end, int lanes, float* scores)
    {
        byte* panel = RoomForPanel(operand, operand.Size);
        BFloat16Packing.PackPanel(_layout, queries, operand.Size, panel);
        int rows = ScoreRows(end);
        new Span<float>(scores + (first * Panel.Lanes), (rows - first) * Panel.Lanes).Clear();
        for (int key = first; key < rows; key += BandKeys)
        {
            Multiply(KeysAt(operand, key), Math.Min(BandKeys, rows - key), panel, operand.Size, scores + (key * Panel.Lanes));
        }
    }

    // Exponentials are packed as they are, and the result is divided by their sum: they are at most 1, and one of each query's is.
    public override void Mix(in KeyValueOperand operand, float* scores, int first, int end, int lanes, float* result)
    {
        float* largest = stackalloc float[2 * Panel.Lanes];
        float* sums = largest + Panel.Lanes;
        for (int lane = 0; lane < Panel.Lanes; lane += Vector512<float>.Count)
        {
            Largest(scores + (first * Panel.Lanes) + lane, end - first).Store(largest + lane);
            Vector512<float>.Zero.Store(sums + lane);
        }

        int rows = ResultRows(operand.Size);
        new Span<float>(result, rows * Panel.Lanes).Clear();
        for (int key = first; key < end; key += BFloat16Layout.Depth)
        {
            int depth = Math.Min(BFloat16Layout.Depth, end - key);
            byte* panel = RoomForPanel(operand, depth);
            BFloat16Packing.PackExponentials(_layout, scores + (key * Panel.Lanes), largest, depth, sums, panel);
            Multiply(ValuesAt(operand, key), rows, panel, depth, result);
        }

        Divide(result, operand.Size, sums);
    }

    // The largest score of each of sixteen queries.
    private static Vector512<float> Largest(float* scores, int keys)
    {
        var largest = Vector512.Load(scores);
        for (int key = 1; key < keys; key++)
        {
            largest = Vector512.Max(largest, Vector512.Load(scores + (key * Panel.Lanes)));
        }

        return largest;
    }

    // Where keys and values were gathered before they were packed.
    private byte* RoomForPanel(in KeyValueOperand operand, int features) =>
        (byte*)operand.Scratch.Packed2(_layout.PanelBytes(features) / sizeof(float));

    private void Multiply(byte* weights, int rows, byte* panel, int depth, float* result) => kernel.Run(new PanelArguments
    {
        Weights = weights,
        Activations = panel,
        Result = result,
        Columns = BFloat16Layout.PaddedColumns(depth),
        Groups = rows / _kernel.Rows,
    });

    private byte* KeysAt(in KeyValueOperand operand, int key) => (byte*)operand.Keys + KeyOffset(operand.Size, key);

    private byte* ValuesAt(in KeyValueOperand operand, int key) => (byte*)operand.Values + ValueOffset(operand.Size, key);

    // Of the band that holds a key.
    private long KeyOffset(int size, int key)
    {
        int columns = BFloat16Layout.PaddedColumns(size);
        int across = BFloat16Layout.Depth / columns;
        int band = key / BandKeys;
        return ((long)(band / across) * BandKeys * _layout.RowBytes) + (band % across * columns * sizeof(ushort));
    }

    // Of the slice that holds a key's value.
    private long ValueOffset(int size, int key) => (long)(key / BFloat16Layout.Depth) * ResultRows(size) * _layout.RowBytes;
}
