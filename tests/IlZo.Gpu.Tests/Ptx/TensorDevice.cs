using IlZo.Gpu.Tests.Ptx;

namespace IlZo.Gpu.Tests;

/// <summary>A device that computes products on tensor cores: the PTX that ILGPU makes, executed, for its CPU device has none.</summary>
internal static class TensorDevice
{
    public static TestDevice Create(ProductPrecision products = ProductPrecision.SplitBFloat16) =>
        PtxLoader.Device(PtxLoader.TwoWarps, products);
}
