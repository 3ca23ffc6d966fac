using IlZo.Backends.Cpu;
using IlZo.Benchmarks;
using IlZo.Gpu.SelfTest;
using IlZo.Models;

namespace IlZo.Gpu.Tests.SelfTest;

/// <summary>The checks of whole models that a user runs on a GPU.</summary>
public class SelfTestSuiteTests
{
    [Fact]
    public void A_suite_holds_every_kernel_a_model_of_each_family_and_a_training()
    {
        using var small = SelfTestSuite.ForSimulation();
        using var whole = SelfTestSuite.ForGpu([ProductPrecision.Fp32, ProductPrecision.Half], hasWarpgroups: true);
        foreach (var suite in (SelfTestSuite[])[small, whole])
        {
            string[] names = [.. suite.Checks.Select(c => c.Name)];
            Assert.Equal(names.Distinct(), names);
            Assert.Superset(KernelChecks.All.Select(c => c.Name).ToHashSet(), names.ToHashSet());
            Assert.Contains("50 steps of mezo with llama-tiny, float32", names);
            Assert.All(SyntheticCheckpoint.TinyShapes, shape => Assert.Equal(3, names.Count(n =>
                n.StartsWith($"two-point step of {shape}, ", StringComparison.Ordinal) && !n.Contains(", in ", StringComparison.Ordinal))));
        }

        Assert.Contains("50 steps of mezo with the built-in model, float32", whole.Checks.Select(c => c.Name));
        foreach (string check in (string[])["products, float32", "products with weights [in, out], "
            + "bfloat16", "logits and losses, float16", "two-point step of llama-tiny, float16"])
        {
            Assert.Contains($"{check}, in fp32", whole.Checks.Select(c => c.Name));
            Assert.Contains($"{check}, in fp16", whole.Checks.Select(c => c.Name));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Products_of_warpgroups_are_checked_where_a_device_has_them(bool hasWarpgroups)
    {
        using var suite = SelfTestSuite.ForGpu([ProductPrecision.Fp32], hasWarpgroups);
        string[] names = [.. suite.Checks.Select(c => c.Name).Where(n => n.EndsWith(" by warpgroups", StringComparison.Ordinal))];
        Assert.Equal(hasWarpgroups ? 3 * LargeChecks.Products.Count : 0, names.Length);
        Assert.Equal(hasWarpgroups, names.Contains("100 of 600 tokens x 333 x 341, float16, in bf16x3 by warpgroups"));
    }

    [Fact]
    public void A_check_in_another_precision_allows_what_its_rounding_explains_and_not_that_of_a_coarser_one()
    {
        using var device = TensorDevice.Create();
        var check = KernelChecks.Products.Single(c => c.Name == "products, float16");
        var half = check.In(ProductPrecision.Half).Run(device.Backend);
        var coarser = check.In(ProductPrecision.BFloat16).Run(device.Backend);
        Assert.Equal("products, float16, in fp16", half.Name);
        Assert.True(half.Passed && coarser.Passed, $"{half} {coarser}");
        Assert.True(coarser.Difference > half.Allowed, $"{coarser.Difference:G3} is allowed in fp16.");
    }

    [Fact]
    public void The_models_of_a_simulation_do_what_they_do_on_the_processor()
    {
        using var device = new TestDevice();
        using var suite = SelfTestSuite.ForSimulation();
        var models = suite.Checks.Skip(KernelChecks.All.Count).ToList();
        Assert.Equal(14, models.Count);

        // A two-point step of each family; what weights are stored as is what the checks of kernels differ in.
        Assert.All(LongTests.Of(models, c => !IsTwoPoint(c) || c.Name.EndsWith(", float16", StringComparison.Ordinal)), c =>
        {
            var result = c.Run(device.Backend);
            Assert.Equal(c.Name, result.Name);
            Assert.True(result.Passed, $"{c.Name}: {result.Difference:G3} is above {result.Allowed:G3}.");
        });

        static bool IsTwoPoint(SelfTestCheck check) => check.Name.StartsWith("two-point", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama-tiny", 2, 5)]
    [InlineData("llama-tiny", 8, 32)]
    [InlineData(ModelLoader.BuiltIn, 8, 32)]
    public void A_device_that_does_not_update_weights_fails_the_check_of_a_training(string model, int texts, int length)
    {
        using var folder = model == ModelLoader.BuiltIn ? null : new SyntheticFolder(model);
        using var processor = new CpuBackend();
        var checks = new ModelChecks(model, type => ModelLoader.Load(folder?.Path ?? model, type), texts, length);
        Assert.False(new SelfTestResult(
            model, SelfTestCheck.Difference(checks.Train(processor, 50), checks.Train(processor, 50, learningRate: 0)), 1e-3, true).Passed);
    }

    [Fact]
    public void Logits_of_a_tiny_model_are_far_from_equal()
    {
        foreach (string shape in SyntheticCheckpoint.TinyShapes)
        {
            using var folder = new SyntheticFolder(shape);
            using var model = ModelLoader.Load(folder.Path);
            using var processor = new CpuBackend();
            var oracle = new BenchmarkOracle(model, processor, 1, 6);
            double loss = oracle.Losses([IlZo.Perturbations.Probe.Unperturbed])[0];
            Assert.True(Math.Abs(loss - Math.Log(model.Shape.Vocabulary)) > 0.1, $"{shape}: {loss}");
        }
    }
}
