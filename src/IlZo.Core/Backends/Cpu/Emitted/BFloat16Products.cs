using IlZo.Noise;

namespace IlZo.Backends.Cpu.Emitted;

/// <summary>Products of bfloat16 operands with fp32 sums by a <see cref="PanelKernel"/>.</summary>
/// <param name="kernel">The kernel, as machine code or as its twin in C#.</param>
/// <param name="blocks">How much is packed at a time; null for <see cref="CacheBlocks.Default"/>.</param>
internal sealed unsafe class BFloat16Products(PanelFunction kernel, CacheBlocks? blocks = null) : ProductEngine
{
    // Rows that are read and perturbed in fp32 before they are rounded, so few that both probes of them stay in the first-level cache.
    private const int StagedRows = 2 * Panel.RowGroup;

    private readonly CacheBlocks _blocks = blocks ?? CacheBlocks.Default;
    private readonly PanelKernel _kernel = kernel.Kernel;
    private readonly BFloat16Layout _layout = kernel.Kernel.Layout;

    public override Engine Engine => new(
        NeedsTiles ? EngineName.Amx : EngineName.DotProduct, _layout.IsSplit ? PrecisionName.SplitBFloat16 : PrecisionName.BFloat16);

    public override bool NeedsTiles => kernel.NeedsTiles;

    public override AttentionEngine Attention { get; } = new BFloat16Attention(kernel);

    public override int Depth(int outputs) => BFloat16Layout.Depth;

    public override long PackedPanelBytes(int features) => _layout.PanelBytes(features);

    public override void PackPanel(float* panel, int features, byte* packed) => BFloat16Packing.PackPanel(_layout, panel, features, packed);

    // Packed slices of both probes (with 1 MB of cache 610 kB for 192 outputs, or for 96 split ones) stay in the second-level cache. Where
    // outputs are columns, whole groups of noise.
    public override BlockLimits Blocks(int tokens, WeightLayout layout) => layout == WeightLayout.OutIn
        ? new(_kernel.Rows, _kernel.Rows, tokens < 512 ? CacheBlocks.RowUnit : _blocks.Rows(_layout.RowBytes))
        : new(NoiseField.Group, NoiseField.Group, _blocks.RowsInGroups(_layout.RowBytes));

    public override byte* Pack(in WeightBlock block, int input, int depth)
    {
        long probeBytes = ProbeBytes(block.Outputs);
        byte* packed = (byte*)block.Scratch.Packed(probeBytes * block.Points.Count / sizeof(float));
        for (int offset = 0; offset < depth; offset += Panel.Depth)
        {
            byte* to = packed + (offset * sizeof(ushort));
            int length = Math.Min(Panel.Depth, depth - offset);
            if (block.Layout == WeightLayout.OutIn)
            {
                PackRows(block, input + offset, length, to, probeBytes);
            }
            else
            {
                PackColumns(block, input + offset, length, to, probeBytes);
            }
        }

        for (int probe = 0; probe < block.Points.Count; probe++)
        {
            ClearPadding(packed + (probe * probeBytes), block.Outputs, depth);
        }

        return packed;
    }

    public override void Multiply(in WeightBlock block, byte* packed, int probe, byte* panel, int lanes, int input, float* y, int depth)
    {
        int whole = block.Outputs / _kernel.Rows;
        var arguments = new PanelArguments
        {
            Weights = packed + (block.Points.IndexOf(probe) * ProbeBytes(block.Outputs)),
            Activations = panel + (input / 2 * (long)_layout.PairBytes),
            Result = y,
            Columns = BFloat16Layout.PaddedColumns(depth),
            Groups = whole,
        };
        if (whole > 0)
        {
            kernel.Run(arguments);
        }

        int rest = block.Outputs - (whole * _kernel.Rows);
        if (rest > 0)
        {
            float* tile = stackalloc float[_kernel.Rows * Panel.Lanes];
            float* last = y + (whole * _kernel.Rows * Panel.Lanes);
            long bytes = rest * Panel.Lanes * sizeof(float);
            Buffer.MemoryCopy(last, tile, bytes, bytes);
            arguments.Weights += (long)whole * _kernel.Rows * _layout.RowBytes;
            arguments.Result = tile;
            arguments.Groups = 1;
            kernel.Run(arguments);
            Buffer.MemoryCopy(tile, last, bytes, bytes);
        }
    }

    private long ProbeBytes(int rows) => (long)_kernel.Padded(rows) * _layout.RowBytes;

    private void PackRows(in WeightBlock block, int input, int length, byte* packed, long probeBytes)
    {
        int probes = block.Points.Count;
        float* staged = block.Scratch.Packed2((long)StagedRows * Panel.Stride * probes);
        for (int first = 0; first < block.Outputs; first += StagedRows)
        {
            int count = Math.Min(StagedRows, block.Outputs - first);
            WeightReader.Pack(block.Weight, block.First + first, count, input, length, block.Points, staged, 0, block.Scratch);
            long stagedStride = (long)Panel.Padded(count) * Panel.Stride;
            for (int i = 0; i < count * probes; i++)
            {
                byte* to = packed + (i / count * probeBytes) + ((first + (i % count)) * _layout.RowBytes);
                BFloat16Packing.PackRow(_layout, staged + (i / count * stagedStride) + (i % count * Panel.Stride), length, to);
            }
        }
    }

    private void PackColumns(in WeightBlock block, int input, int length, byte* packed, long probeBytes)
    {
        int stride = WeightReader.TransposedStride(block.Outputs);
        float* staged = block.Scratch.Packed2((long)Panel.Depth * stride * block.Points.Count);
        WeightReader.PackTransposed(block.Weight, input, length, block.First, block.Outputs, block.Points, staged, block.Scratch);
        for (int probe = 0; probe < block.Points.Count; probe++)
        {
            float* source = staged + ((long)probe * Panel.Depth * stride);
            BFloat16Packing.PackColumns(_layout, source, stride, length, block.Outputs, packed + (probe * probeBytes));
        }
    }

    // The buffer holds what was packed before, which must not become a NaN times zero.
    private void ClearPadding(byte* packed, int rows, int depth)
    {
        int padding = (BFloat16Layout.PaddedColumns(depth) - depth) * sizeof(ushort);
        for (int r = 0; r < rows && padding > 0; r++)
        {
            byte* end = packed + ((long)r * _layout.RowBytes) + (depth * sizeof(ushort));
            new Span<byte>(end, padding).Clear();
            if (_layout.IsSplit)
            {
                new Span<byte>(end + BFloat16Layout.LowRowOffset, padding).Clear();
            }
        }

        new Span<byte>(packed + ((long)rows * _layout.RowBytes), (_kernel.Padded(rows) - rows) * _layout.RowBytes).Clear();
    }
}
