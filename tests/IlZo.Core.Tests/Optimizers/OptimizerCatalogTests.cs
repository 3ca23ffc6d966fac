using IlZo.Optimizers;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>What is known of methods before they are tried.</summary>
public sealed class OptimizerCatalogTests
{
    public static TheoryData<string> Names => [.. OptimizerCatalog.All.Select(m => m.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_method_says_what_was_published_for_it(string name)
    {
        var method = OptimizerCatalog.Find(name);
        Assert.NotEmpty(method.Published);
        Assert.InRange(method.RateFactor, 1e-3, 1e2);
        foreach (var setting in method.Published)
        {
            Assert.All(setting.LearningRates.Concat(setting.Epsilons), v => Assert.InRange(v, 1e-9, 1));
            Assert.Equal(setting.LearningRates.Order(), setting.LearningRates);
            Assert.True(setting.Queries is null || (setting.Queries >= method.LeastQueries && setting.Queries <= method.MostQueries));
            Assert.NotEqual(string.Empty, setting.Source);
        }
    }

    [Fact]
    public void Departures_are_those_from_what_is_known()
    {
        var momentum = OptimizerCatalog.Find("mezo-momentum");
        Assert.Empty(PublishedSetting.Departures(momentum, 1e-8, 1e-2));
        Assert.Single(PublishedSetting.Departures(momentum, 9e-9, 1e-2));
        Assert.Equal(
            [
                "lr is 1E-05; published for hizoo: 1E-06",
                "eps is 0.01; published for hizoo: 0.001",
            ],
            PublishedSetting.Departures(OptimizerCatalog.Find("hizoo"), 1e-5, 1e-2));
        Assert.Empty(PublishedSetting.Departures(OptimizerCatalog.Find("fzoo"), 1, 1));
    }
}
