using IlZo.Noise;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Products in fp32 by the C# micro-kernels. Weights keep the order they are stored in: as rows of <see cref="Panel.Depth"/> inputs, or as
/// rows of all the block's outputs. Every output sums over the inputs in their order either way, so the layouts give the same bits.
/// </summary>
/// <param name="blocks">How much is packed at a time; null for <see cref="CacheBlocks.Default"/>.</param>
internal sealed unsafe class ManagedProducts(CacheBlocks? blocks = null) : ProductEngine
{
    private const int FeatureBytes = Panel.Lanes * sizeof(float);
    private const int RowBytes = Panel.Stride * sizeof(float);
    private const int SmallestRows = 48;

    // Blocks for fewer tokens than this are smaller: packing them, slice by slice, is most of the work, and shares must be even.
    private const int ManyTokens = 512;

    private readonly CacheBlocks _blocks = blocks ?? CacheBlocks.Default;

    public override Engine Engine => new(EngineName.Managed, PrecisionName.Fp32);

    public override AttentionEngine Attention => ManagedAttention.Instance;

    public override int Depth(int outputs) => _blocks.Slices(outputs, RowBytes) * Panel.Depth;

    // Every block reads all of X once, from a cache or from memory, so the more tokens there are the larger it should be; the packed slices
    // of both probes must stay in the second-level cache. Where outputs are columns, whole groups of noise.
    public override BlockLimits Blocks(int tokens, WeightLayout layout) => layout == WeightLayout.OutIn
        ? new(2 * Panel.RowGroup, SmallestRows, tokens >= ManyTokens ? _blocks.Rows(RowBytes) : CacheBlocks.RowUnit)
        : new(NoiseField.Group, NoiseField.Group, Math.Min(_blocks.RowsInGroups(RowBytes), tokens >= ManyTokens ? int.MaxValue : 192));

    public override long PackedPanelBytes(int features) => 0;

    public override void PackPanel(float* panel, int features, byte* packed)
    {
    }

    public override byte* Pack(in WeightBlock block, int input, int depth)
    {
        long stride = SliceStride(block);
        float* packed = block.Scratch.Packed(stride * ((depth + Panel.Depth - 1) / Panel.Depth));
        if (block.Layout == WeightLayout.OutIn)
        {
            WeightReader.Pack(block.Weight, block.First, block.Outputs, input, depth, block.Points, packed, stride, block.Scratch);
            return (byte*)packed;
        }

        float* to = packed;
        for (int offset = 0; offset < depth; offset += Panel.Depth, to += stride)
        {
            int length = Math.Min(Panel.Depth, depth - offset);
            WeightReader.PackTransposed(block.Weight, input + offset, length, block.First, block.Outputs, block.Points, to, block.Scratch);
        }

        return (byte*)packed;
    }

    public override void Multiply(in WeightBlock block, byte* packed, int probe, byte* panel, int lanes, int input, float* y, int depth)
    {
        long stride = SliceStride(block);
        float* w = (float*)packed + (block.Points.IndexOf(probe) * ProbeStride(block));
        float* x = (float*)(panel + ((long)input * FeatureBytes));
        for (int offset = 0; offset < depth; offset += Panel.Depth, w += stride, x += Panel.Depth * Panel.Lanes)
        {
            int length = Math.Min(Panel.Depth, depth - offset);
            if (block.Layout == WeightLayout.OutIn)
            {
                Panel.Multiply(w, block.Outputs, x, lanes, y, length);
            }
            else
            {
                Panel.MultiplyTransposed(w, WeightReader.TransposedStride(block.Outputs), block.Outputs, x, lanes, y, length);
            }
        }
    }

    private static long SliceStride(in WeightBlock block) => ProbeStride(block) * block.Points.Count;

    private static long ProbeStride(in WeightBlock block) => block.Layout == WeightLayout.OutIn
        ? (long)Panel.Padded(block.Outputs) * Panel.Stride
        : (long)WeightReader.TransposedStride(block.Outputs) * Panel.Depth;
}
