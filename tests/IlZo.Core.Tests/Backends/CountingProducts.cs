using IlZo.Backends;
using IlZo.Backends.Cpu;

namespace IlZo.Core.Tests.Backends;

/// <summary>An engine that counts the panels it packs.</summary>
/// <param name="products">The engine that computes.</param>
/// <param name="needsTiles">Whether threads are to be prepared for tiles.</param>
internal sealed unsafe class CountingProducts(ProductEngine products, bool needsTiles = false) : ProductEngine
{
    private int _panels;

    public override Engine Engine => products.Engine;

    public override bool NeedsTiles => needsTiles;

    public override AttentionEngine Attention => products.Attention;

    public override int Depth => products.Depth;

    /// <summary>Panels packed since this was last asked.</summary>
    public int TakePanels() => Interlocked.Exchange(ref _panels, 0);

    public override BlockLimits Blocks(int tokens, WeightLayout layout) => products.Blocks(tokens, layout);

    public override long PackedPanelBytes(int features) => products.PackedPanelBytes(features);

    public override void PackPanel(float* panel, int features, byte* packed)
    {
        Interlocked.Increment(ref _panels);
        products.PackPanel(panel, features, packed);
    }

    public override byte* Pack(in WeightBlock block, int input, int depth) => products.Pack(block, input, depth);

    public override void Multiply(in WeightBlock block, byte* packed, int probe, byte* panel, int lanes, int input, float* y, int depth) =>
        products.Multiply(block, packed, probe, panel, lanes, input, y, depth);
}
