using IlZo.Backends.Cpu;
using IlZo.Core.Tests.Models;
using IlZo.Gpu.SelfTest;
using IlZo.Models;

namespace IlZo.Gpu.Tests.Kernels;

/// <summary>The checks that a user runs on a GPU, run without one.</summary>
public class KernelCheckTests
{
    /// <summary>The names of the checks, with groups of one thread and of several.</summary>
    public static TheoryData<string, bool> Checks
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var check in KernelChecks.All)
            {
                data.Add(check.Name, false);
            }

            // Threads that wait for each other do so in the same places whatever the weights are stored as.
            foreach (var check in LongTests.Of(KernelChecks.All, c => c.Name.EndsWith(", float16", StringComparison.Ordinal)))
            {
                data.Add(check.Name, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Checks))]
    public void A_kernel_does_what_the_processor_does(string name, bool cooperative)
    {
        using var device = new TestDevice(cooperative ? TestDevice.Cooperative : TestDevice.Single);
        var result = KernelChecks.All.Single(c => c.Name == name).Run(device.Backend);
        Assert.True(result.Passed, $"{result.Difference:G3} is above {result.Allowed:G3}.");
    }

    [Fact]
    public void A_model_does_what_it_does_on_the_processor()
    {
        using var device = new TestDevice();
        var checks = new ModelChecks(
            "opt-tiny", type => ModelLoader.Load(TestData.Path("fixtures", "forward", "opt-tiny"), type), texts: 2, length: 9);
        Assert.All([.. checks.TwoPointSteps, checks.Training(3)], c => Assert.True(c.Run(device.Backend).Passed, c.Name));
    }

    [Theory]
    [InlineData(1.0, 1.1, 0.01, false)]
    [InlineData(1.0, 1.001, 0.01, true)]
    [InlineData(100.0, 100.5, 0.01, true)]
    [InlineData(1.0, double.NaN, 0.01, false)]
    [InlineData(1.0, 1.0, 0.0, true)]
    public void A_check_passes_where_differences_are_small_and_numbers(double expected, double actual, double allowed, bool passes) =>
        Assert.Equal(passes, new SelfTestResult("x", SelfTestCheck.Difference([0, expected, 0], [0, actual, 0]), allowed, true).Passed);
}
