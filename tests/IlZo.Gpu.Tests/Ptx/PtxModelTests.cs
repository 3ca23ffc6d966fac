using IlZo.Gpu.SelfTest;
using IlZo.Gpu.Tests.Models;
using IlZo.Models;

namespace IlZo.Gpu.Tests.Ptx;

/// <summary>Whole models of all families, and a training, by the text that a GPU's driver would be given.</summary>
public class PtxModelTests
{
    public static TheoryData<string> Folders => FixtureTests.Folders;

    [Theory]
    [MemberData(nameof(Folders))]
    public void Losses_at_perturbed_weights_are_those_of_the_processor(string folder)
    {
        using var device = PtxLoader.Device(PtxLoader.TwoWarps);
        FixtureTests.AssertLosses(folder, device.Backend);
    }

    [Fact]
    public void A_training_does_what_it_does_on_the_processor()
    {
        using var device = PtxLoader.Device(PtxLoader.TwoWarps);
        var checks = new ModelChecks(
            "opt-tiny", type => ModelLoader.Load(TestData.Path("fixtures", "forward", "opt-tiny"), type), texts: 2, length: 9);
        Assert.All([.. checks.TwoPointSteps, checks.Training(3)], c => Assert.True(c.Run(device.Backend).Passed, c.Name));
    }
}
