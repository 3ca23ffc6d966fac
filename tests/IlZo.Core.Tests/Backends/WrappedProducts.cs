using IlZo.Backends;
using IlZo.Backends.Cpu;

namespace IlZo.Core.Tests.Backends;

/// <summary>An engine that leaves everything to another, for tests to change some of it.</summary>
/// <param name="products">The engine that computes.</param>
internal abstract unsafe class WrappedProducts(ProductEngine products) : ProductEngine
{
    public override Engine Engine => products.Engine;

    public override bool NeedsTiles => products.NeedsTiles;

    public override AttentionEngine Attention => products.Attention;

    public override int Depth(int outputs) => products.Depth(outputs);

    public override BlockLimits Blocks(int tokens, WeightLayout layout) => products.Blocks(tokens, layout);

    public override long PackedPanelBytes(int features) => products.PackedPanelBytes(features);

    public override void PackPanel(float* panel, int features, byte* packed) => products.PackPanel(panel, features, packed);

    public override byte* Pack(in WeightBlock block, int input, int depth) => products.Pack(block, input, depth);

    public override void Multiply(in WeightBlock block, byte* packed, int probe, byte* panel, int lanes, int input, float* y, int depth) =>
        products.Multiply(block, packed, probe, panel, lanes, input, y, depth);
}
