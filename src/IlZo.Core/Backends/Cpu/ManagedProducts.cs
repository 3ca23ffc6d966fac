using IlZo.Noise;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Products in fp32 by the C# micro-kernels. Weights keep the order they are stored in: as rows of <see cref="Panel.Depth"/> inputs, or as
/// rows of all the block's outputs. Every output sums over the inputs in their order either way, so the layouts give the same bits.
/// </summary>
internal sealed unsafe class ManagedProducts : ProductEngine
{
    private const int FeatureBytes = Panel.Lanes * sizeof(float);

    public override Engine Engine => new(EngineName.Managed, PrecisionName.Fp32);

    public override AttentionEngine Attention => ManagedAttention.Instance;

    public override int Depth => Panel.Depth;

    // Every block reads all of X once, from a cache or from memory, so the more tokens there are the larger it should be; the packed slices
    // of both probes (160 kB for 96 outputs, 640 kB for 384) must stay in the second-level cache. Where outputs are columns, whole groups
    // of noise.
    public override BlockLimits Blocks(int tokens, WeightLayout layout) => layout == WeightLayout.OutIn
        ? new(2 * Panel.RowGroup, 48, tokens >= 512 ? 384 : 96)
        : new(NoiseField.Group, NoiseField.Group, tokens >= 512 ? 384 : 192);

    public override long PackedPanelBytes(int features) => 0;

    public override void PackPanel(float* panel, int features, byte* packed)
    {
    }

    public override byte* Pack(in WeightBlock block, int input, int depth)
    {
        float* packed = block.Scratch.Packed(ProbeStride(block) * block.Points.Count);
        if (block.Layout == WeightLayout.OutIn)
        {
            WeightReader.Pack(block.Weight, block.First, block.Outputs, input, depth, block.Points, packed, block.Scratch);
        }
        else
        {
            WeightReader.PackTransposed(block.Weight, input, depth, block.First, block.Outputs, block.Points, packed, block.Scratch);
        }

        return (byte*)packed;
    }

    public override void Multiply(in WeightBlock block, byte* packed, int probe, byte* panel, int lanes, int input, float* y, int depth)
    {
        float* w = (float*)packed + (block.Points.IndexOf(probe) * ProbeStride(block));
        float* x = (float*)(panel + ((long)input * FeatureBytes));
        if (block.Layout == WeightLayout.OutIn)
        {
            Panel.Multiply(w, block.Outputs, x, lanes, y, depth);
        }
        else
        {
            Panel.MultiplyTransposed(w, WeightReader.TransposedStride(block.Outputs), block.Outputs, x, lanes, y, depth);
        }
    }

    private static long ProbeStride(in WeightBlock block) => block.Layout == WeightLayout.OutIn
        ? (long)Panel.Padded(block.Outputs) * Panel.Stride
        : (long)WeightReader.TransposedStride(block.Outputs) * Panel.Depth;
}
