using IlZo.Core.Tests.Models;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Perturbations;

/// <summary>What probes say of the points they hold.</summary>
public sealed class ProbeTests
{
    private static readonly Direction s_direction = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0));

    [Fact]
    public void A_pair_has_its_points_on_both_sides_of_the_weights()
    {
        var pair = Probe.Pair(s_direction, 0.25);
        Assert.Equal(new Probe(s_direction, 0.25, -0.25), pair);
        Assert.Equal(
            [new Probe(s_direction, 0.25), new Probe(s_direction, -0.25), Probe.Unperturbed],
            ProbePoints.Each([pair, Probe.Unperturbed]));
        Assert.Equal((2, 1, 3), (pair.Points, Probe.Unperturbed.Points, ProbePoints.Count([pair, Probe.Unperturbed])));
    }

    [Theory]
    [InlineData("2 1", "2|1")]
    [InlineData("1 1 1", "1 1|1")]
    [InlineData("1 2 1", "1|2|1")]
    [InlineData("2", "2")]
    public void Passes_take_probes_in_order_and_part_no_pair(string probes, string passes)
    {
        static Probe Of(string points) => points == "2" ? Probe.Pair(s_direction, 1) : Probe.Unperturbed;
        var groups = ProbePoints.Grouped([.. probes.Split(' ').Select(Of)], 2);
        Assert.Equal(passes, string.Join('|', groups.Select(g => string.Join(' ', g.Select(p => p.Points)))));
    }

    [Fact]
    public void The_points_of_a_probe_share_one_generation_of_the_direction_and_no_bit_depends_on_it()
    {
        using var fixture = new ForwardFixture("opt-tiny");
        int[] ids = [2, 7, 11, 4];
        var counted = new Counting(s_direction);
        double[][] pair = fixture.LogProbabilities(ids, Probe.Pair(counted, 1e-2));
        int once = counted.Fills;
        double[][] apart = fixture.LogProbabilities(ids, new Probe(counted, 1e-2), new Probe(counted, -1e-2));
        Assert.Equal(apart, pair);
        Assert.NotEqual(pair[0], pair[1]);
        Assert.True(once > 0);
        Assert.Equal(2 * once, counted.Fills - once);
    }

    private sealed class Counting(Direction inner) : Direction
    {
        private int _fills;

        public int Fills => _fills;

        public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
        {
            Interlocked.Increment(ref _fills);
            inner.Fill(parameter, row, column, destination);
        }
    }
}
