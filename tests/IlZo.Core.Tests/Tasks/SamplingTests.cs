using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

public class SamplingTests
{
    // Official sizes of the splits and the protocol's sizes of the samples; dev is the definition's own.
    [Theory]
    [InlineData("wsc", 554, 104, 54, 500, 104)]
    [InlineData("cb", 250, 56, 150, 100, 56)]
    [InlineData("copa", 400, 100, 300, 100, 100)]
    [InlineData("rte", 2490, 277, 1000, 500, 277)]
    [InlineData("wic", 5428, 638, 1000, 500, 638)]
    [InlineData("sst2", 67349, 872, 1000, 500, 872)]
    [InlineData("boolq", 9427, 3270, 1000, 500, 1000)]
    [InlineData("multirc", 27243, 4848, 1000, 500, 1000)]
    public void Sizes_are_those_of_the_protocol(string task, int rows, int validationRows, int train, int dev, int test)
    {
        int wanted = TaskCatalog.Load(task).DevExamples;
        var split = Sampling.Split(rows, validationRows, Sampling.DefaultTrain, wanted, Sampling.DefaultTest, 0);

        Assert.Equal((train, dev, test), (split.Train.Length, split.Dev.Length, split.Test.Length));
        Assert.Empty(split.Train.Intersect(split.Dev));
        Assert.All(split.Train.Concat(split.Dev), i => Assert.InRange(i, 0, rows - 1));
        Assert.All(split.Test, i => Assert.InRange(i, 0, validationRows - 1));
    }

    // Hashes of p[:1500][:-500], p[:1500][-500:] and q[:1000] for NumPy permutations p of the rows and q of the validation rows.
    [Theory]
    [InlineData(
        2490,
        277,
        0u,
        "4872826cccb584279c84d6be2fbc4556efc1923f4988a398fdd2f3fe909956e8",
        "a98f1198373aea022c22b6e2da09e79f636e9718b986bcd9946ef44c4a98e58c",
        "2ac15edbd5a79e7255a6c12a102cb09ada4c6487703e1590bcb6589ab1ba89c4")]
    [InlineData(
        67349,
        872,
        42u,
        "d005b8e01f02c290968e0d0f6ee73e558e63b7ec8f282ac5cdf5ee1378f09777",
        "34a207310e540a0e0ec1963146ae8fdfa7ccca30ac2d6c59140bf391b66d90c6",
        "d9fd7b150a8a023b471edc3f8d49f8d3dbbf3c69efbbed9c36f8e4af87a4e9b2")]
    [InlineData(
        554,
        104,
        26u,
        "74d4735176ff1bb946210fcc58b700d0dc31b63de372ea4889ff6aea7f431671",
        "18b8b717b7fed8da9325be8f6dba479aab797102fb0bbb9a633dd7a7f89ffccf",
        "682b51d01db7cb0a2cecfe47d5097490ac674b444917457579fa6b99a93a9db9")]
    public void Rows_are_those_that_NumPy_draws(int rows, int validationRows, uint seed, string train, string dev, string test)
    {
        var split = Sampling.Split(rows, validationRows, 1000, 500, 1000, seed);

        Assert.Equal(train, NumPyRandomTests.Sha256(split.Train));
        Assert.Equal(dev, NumPyRandomTests.Sha256(split.Dev));
        Assert.Equal(test, NumPyRandomTests.Sha256(split.Test));
    }

    [Fact]
    public void Without_dev_all_that_is_drawn_is_trained_on()
    {
        var split = Sampling.Split(10, 3, 4, 0, 2, 0);

        Assert.Equal([2, 8, 4, 9], split.Train);
        Assert.Empty(split.Dev);
        Assert.Equal(2, split.Test.Length);
    }

    [Theory]
    [InlineData(100, 100)]
    [InlineData(45, 500)]
    [InlineData(0, 0)]
    public void Dev_may_not_take_every_row(int rows, int dev)
    {
        var e = Assert.Throws<InvalidInputException>(() => Sampling.Split(rows, 10, 1000, dev, 1000, 0));
        Assert.Contains($"{rows} examples", e.Message, StringComparison.Ordinal);
        Assert.Contains("expected", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Huge_requests_do_not_overflow()
    {
        var split = Sampling.Split(10, 3, int.MaxValue, 5, int.MaxValue, 0);
        Assert.Equal((5, 5, 3), (split.Train.Length, split.Dev.Length, split.Test.Length));
    }
}
