using IlZo.Backends;
using IlZo.Backends.Cpu;

namespace IlZo.Core.Tests.Backends;

/// <summary>The C# kernels by the name of another engine, so that a backend of the CPU stands for a GPU.</summary>
internal sealed unsafe class RenamedProducts(Engine engine) : ProductEngine
{
    private readonly ManagedProducts _products = new();

    public override Engine Engine => engine;

    public override AttentionEngine Attention => _products.Attention;

    public override int Depth => _products.Depth;

    public override BlockLimits Blocks(int tokens, WeightLayout layout) => _products.Blocks(tokens, layout);

    public override long PackedPanelBytes(int features) => _products.PackedPanelBytes(features);

    public override void PackPanel(float* panel, int features, byte* packed) => _products.PackPanel(panel, features, packed);

    public override byte* Pack(in WeightBlock block, int input, int depth) => _products.Pack(block, input, depth);

    public override void Multiply(in WeightBlock block, byte* packed, int probe, byte* panel, int lanes, int input, float* y, int depth) =>
        _products.Multiply(block, packed, probe, panel, lanes, input, y, depth);
}
