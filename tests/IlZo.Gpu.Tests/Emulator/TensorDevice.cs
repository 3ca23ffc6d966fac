namespace IlZo.Gpu.Tests;

/// <summary>A device that computes products on tensor cores: the emulator, which executes their instructions.</summary>
internal static class TensorDevice
{
    public static TestDevice Create(ProductPrecision products = ProductPrecision.SplitBFloat16) => new(products: products);
}
