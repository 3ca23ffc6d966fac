using IlZo.Gpu.SelfTest;
using IlZo.Kernels.TensorCores;

namespace IlZo.Gpu.Tests.SelfTest;

/// <summary>The checks of sizes that only a GPU reaches, at sizes that a simulation reaches.</summary>
public class LargeCheckTests
{
    [Fact]
    public void A_product_has_more_than_two_tiles_of_tokens_in_every_precision_and_none_that_ends_full()
    {
        int[] tiles =
            [TileShape<SplitOperands>.Tokens(true), TileShape<HalfOperands>.Tokens(true), TileShape<BFloat16Operands>.Tokens(true)];
        Assert.All(tiles, t => Assert.True(600 > 2 * t && 600 % t != 0, $"{t}"));
        Assert.NotEqual(0, 333 % 16);
        Assert.NotEqual(0, 341 % Tile.Outputs);
        Assert.Equal(
            [
                "a product of 600 x 333 x 341, float16", "a product of 600 x 333 x 61, float16",
                "a product of 4096 x 4096 x 4096, float16", "100 of 600 tokens x 333 x 341, float16",
            ],
            LargeChecks.Products.Select(c => c.Name));
        Assert.True(LargeChecks.BytesBeyond32Bits / sizeof(ushort) > 1L << 31);
    }

    [Theory]
    [InlineData(ProductPrecision.SplitBFloat16)]
    [InlineData(ProductPrecision.Half)]
    public void A_product_is_that_of_the_processor_on_tensor_cores(ProductPrecision products)
    {
        using var device = TensorDevice.Create(products);
        var result = LargeChecks.Product(71, 37, 67, 1e-5).Run(device.Backend, twice: true);
        Assert.True(result.Passed, $"{result}");
        Assert.NotEqual(0, result.Difference);
    }

    [Theory]
    [InlineData(ProductPrecision.SplitBFloat16, 138)]
    [InlineData(ProductPrecision.Half, 258)]
    public void Tokens_have_the_same_bits_among_many_and_among_few(ProductPrecision products, int tokens)
    {
        using var device = TensorDevice.Create(products);
        var result = LargeChecks.FewOfMany(tokens, 37, 67).Run(device.Backend, twice: true);
        Assert.Equal(new SelfTestResult($"{tokens / 6} of {tokens} tokens x 37 x 67, float16", 0, 0), result);
    }

    [Fact]
    public void Rows_of_a_large_tensor_have_the_bits_of_the_processor()
    {
        using var device = new TestDevice();
        Assert.Equal(new SelfTestResult("rows and an update of 3200 weights, float16", 0, 0, true), LargeChecks.Rows(50).Run(
            device.Backend, twice: true));
    }
}
