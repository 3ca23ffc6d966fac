using IlZo.Backends;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu.Tests;

public class ProductPrecisionTests
{
    [Theory]
    [InlineData(7, 5, "auto", ProductPrecision.Fp32)]
    [InlineData(8, 0, "auto", ProductPrecision.SplitBFloat16)]
    [InlineData(8, 9, "bf16x3", ProductPrecision.SplitBFloat16)]
    [InlineData(12, 0, "auto", ProductPrecision.SplitBFloat16)]
    [InlineData(5, 2, "fp32", ProductPrecision.Fp32)]
    [InlineData(9, 0, "fp32", ProductPrecision.Fp32)]
    [InlineData(8, 6, "fp16", ProductPrecision.Half)]
    [InlineData(8, 0, "bf16", ProductPrecision.BFloat16)]
    public void A_device_has_what_its_tensor_cores_take(int major, int minor, string name, ProductPrecision expected)
    {
        var found = ProductPrecisions.Find(name, "cuda:0", new CudaArchitecture(major, minor));
        Assert.Equal(expected, found);
        Assert.Equal(name == "auto" ? (major >= 8 ? "bf16x3" : "fp32") : name, found.Name());
    }

    [Theory]
    [InlineData("bf16x3")]
    [InlineData("fp16")]
    [InlineData("bf16")]
    public void What_a_device_has_not_is_refused_with_its_capability(string name)
    {
        var error = Assert.Throws<InvalidInputException>(() => ProductPrecisions.Find(name, "cuda:1", new CudaArchitecture(7, 5)));
        Assert.Equal($"Precision is '{name}' on cuda:1 (compute capability 7.5); auto or fp32 was expected.", error.Message);
        error = Assert.Throws<InvalidInputException>(() => ProductPrecisions.Find(name, "cpu", null));
        Assert.Equal($"Precision is '{name}' on the simulation; auto or fp32 was expected.", error.Message);
    }

    [Theory]
    [InlineData("fp8")]
    [InlineData("FP16")]
    [InlineData("")]
    public void Other_names_are_refused(string name)
    {
        var error = Assert.Throws<InvalidInputException>(() => ProductPrecisions.Find(name, "cuda:0", new CudaArchitecture(9, 0)));
        Assert.Equal(
            $"Precision is '{name}' on cuda:0 (compute capability 9.0); auto, fp32, bf16x3, fp16 or bf16 was expected.", error.Message);
    }

    [Fact]
    public void The_simulation_computes_in_fp32()
    {
        using var backend = GpuDevices.OpenSimulation();
        Assert.Equal(new Engine("cuda", "fp32"), backend.Engine);
        Assert.Empty(backend.OtherPrecisions);
        Assert.Throws<InvalidInputException>(() => GpuDevices.OpenSimulation("fp16"));
    }

    [Fact]
    public void A_backend_says_what_it_computes_in()
    {
        using var device = TensorDevice.Create(ProductPrecision.Half);
        using var other = device.Backend.With(ProductPrecision.BFloat16);
        Assert.Equal(new Engine("cuda", "fp16"), device.Backend.Engine);
        Assert.Equal(new Engine("cuda", "bf16"), other.Engine);
        Assert.Equal(DeviceKind.Cuda, other.Engine.Kind);
        Assert.Equal("in fp16 on tensor cores", device.Backend.Products.Description());
        Assert.Equal("in fp32", ProductPrecision.Fp32.Description());
    }
}
