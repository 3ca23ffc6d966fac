using IlZo.Gpu.SelfTest;

namespace IlZo.Gpu.Tests.Ptx;

/// <summary>The text of each kernel that a GPU's driver would be given, executed.</summary>
public class PtxKernelTests
{
    public static TheoryData<string> Checks => [.. LongTests.Of(KernelChecks.All.Select(c => c.Name), IsFast)];

    public static TheoryData<string, ProductPrecision> TensorChecks =>
    [
        .. LongTests.Of<(string Name, ProductPrecision Products)>(
            [
                ("products along directions of every kind, float16", ProductPrecision.SplitBFloat16),
                ("products along directions of every kind, float16", ProductPrecision.BFloat16),
                ("logits and losses, float16", ProductPrecision.SplitBFloat16),
            ],
            c => IsFast(c.Name)),
    ];

    [Theory]
    [MemberData(nameof(Checks))]
    public void A_kernel_does_what_the_processor_does(string name) => AssertPasses(name, PtxLoader.TwoWarps);

    [Theory]
    [InlineData("products, float16")]
    [InlineData("norms and elementwise products, float16")]
    [InlineData("rotations and attention, float16")]
    public void A_kernel_does_so_in_groups_as_large_as_those_of_gpus(string name) => AssertPasses(name, LaunchShape.Gpu);

    [Theory]
    [MemberData(nameof(TensorChecks))]
    public void A_kernel_does_so_on_tensor_cores(string name, ProductPrecision products) =>
        AssertPasses(name, PtxLoader.TwoWarps, products);

    private static bool IsFast(string name) => !name.Contains("directions of every kind", StringComparison.Ordinal);

    private static void AssertPasses(string name, LaunchShape shape, ProductPrecision products = ProductPrecision.Fp32)
    {
        using var device = PtxLoader.Device(shape, products);
        var result = KernelChecks.All.Single(c => c.Name == name).Run(device.Backend);
        Assert.True(result.Passed, $"{result.Difference:G3} is above {result.Allowed:G3}.");
    }
}
