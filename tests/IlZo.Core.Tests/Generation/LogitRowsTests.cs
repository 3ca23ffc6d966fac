using IlZo.Core.Tests.Models;
using IlZo.Perturbations;
using Xunit;

namespace IlZo.Core.Tests.Generation;

public sealed class LogitRowsTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 40)]
    [InlineData(31, 2)]
    [InlineData(32, 3)]
    [InlineData(40, 50)]
    [InlineData(89, 1)]
    public void Some_rows_of_logits_equal_those_of_all_rows(int first, int rows)
    {
        using var fixture = new ForwardFixture("llama3-rope");
        int[] ids = fixture.Inputs.Single(i => i.Ids.Length == 90).Ids;
        var batch = ForwardFixture.Batch(ids);
        float[] all = fixture.Logits(batch);
        int vocabulary = fixture.Model.Shape.Vocabulary;
        var pass = fixture.Backend.Begin(batch, [Probe.Unperturbed]);
        float[] some = new float[rows * vocabulary];
        pass.Logits(fixture.Model.Forward(pass), fixture.Model.Head, some, first);
        Assert.Equal(all[(first * vocabulary)..((first + rows) * vocabulary)], some);
    }

    [Fact]
    public void Rows_beyond_the_last_are_refused()
    {
        using var fixture = new ForwardFixture("opt-tiny");
        var batch = ForwardFixture.Batch([1, 2, 3]);
        var pass = fixture.Backend.Begin(batch, [Probe.Unperturbed]);
        var hidden = fixture.Model.Forward(pass);
        Assert.Throws<ArgumentOutOfRangeException>(
            () => pass.Logits(hidden, fixture.Model.Head, new float[2 * fixture.Model.Shape.Vocabulary], 2));
    }
}
