using IlZo.Backends.Cpu;

namespace IlZo.Core.Tests.Backends;

/// <summary>An engine that counts the panels it packs.</summary>
/// <param name="products">The engine that computes.</param>
/// <param name="needsTiles">Whether threads are to be prepared for tiles.</param>
internal sealed unsafe class CountingProducts(ProductEngine products, bool needsTiles = false) : WrappedProducts(products)
{
    private int _panels;

    public override bool NeedsTiles => needsTiles;

    /// <summary>Panels packed since this was last asked.</summary>
    public int TakePanels() => Interlocked.Exchange(ref _panels, 0);

    public override void PackPanel(float* panel, int features, byte* packed)
    {
        Interlocked.Increment(ref _panels);
        base.PackPanel(panel, features, packed);
    }
}
