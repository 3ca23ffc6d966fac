using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

public class DataOrderTests
{
    [Theory]
    [InlineData(10, 3)]
    [InlineData(5, 16)]
    [InlineData(1, 4)]
    public void Every_pass_visits_every_example_once_and_batches_run_on(int count, int batchSize)
    {
        var order = new DataOrder(7, count, batchSize);
        int[] visits = [.. Enumerable.Range(1, 4 * count).SelectMany(step => order.Batch(step))];
        foreach (int[] pass in visits.Chunk(count))
        {
            Assert.Equal(Enumerable.Range(0, count), pass.Order());
        }
    }

    [Fact]
    public void A_step_has_the_same_batch_whatever_was_asked_before()
    {
        var order = new DataOrder(7, 100, 16);
        int[] forward = order.Batch(50);
        order.Batch(1);
        order.Batch(900);
        Assert.Equal(forward, order.Batch(50));
        Assert.Equal(forward, new DataOrder(7, 100, 16).Batch(50));
        Assert.NotEqual(forward, new DataOrder(8, 100, 16).Batch(50));
    }

    [Fact]
    public void Further_batches_of_a_step_differ_from_each_other_and_are_the_same_whenever_they_are_asked_for()
    {
        var order = new DataOrder(7, 100, 16);
        int[] first = order.Draw(50, 1);
        Assert.Equal(16, first.Distinct().Count());
        Assert.NotEqual(first, order.Batch(50));
        Assert.NotEqual(first, order.Draw(50, 2));
        Assert.NotEqual(first, order.Draw(51, 1));
        Assert.Equal(first, new DataOrder(7, 100, 16).Draw(50, 1));
        Assert.Equal([0, 0, 1, 1, 2, 2], new DataOrder(7, 3, 6).Draw(1, 1).Order());
    }
}
