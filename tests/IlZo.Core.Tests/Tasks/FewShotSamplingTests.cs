using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

public class FewShotSamplingTests
{
    // numpy.random.RandomState(0).permutation(10) is 2 8 4 9 1 6 7 3 0 5.
    [Fact]
    public void Each_class_gets_its_first_rows_of_NumPys_permutation()
    {
        var (train, dev) = FewShotSampling.Draw(10, 2, row => row % 2, 2, 2, seed: 0);
        Assert.Equal([2, 8, 9, 1], train);
        Assert.Equal([4, 6, 7, 3], dev);
    }

    [Fact]
    public void Classes_come_in_the_order_in_which_they_are_met()
    {
        var (train, dev) = FewShotSampling.Draw(10, 3, row => row == 2 ? 2 : row > 6 ? 0 : 1, 1, 1, seed: 0);
        Assert.Equal([2, 8, 4], train);
        Assert.Equal([9, 1], dev);
    }

    [Fact]
    public void Scarce_classes_give_what_they_have_and_training_goes_first()
    {
        var (train, dev) = FewShotSampling.Draw(10, 2, row => row < 3 ? 0 : 1, 3, 5, seed: 0);
        Assert.Equal([2, 1, 0, 8, 4, 9], train);
        Assert.Equal([6, 7, 3, 5], dev);
    }

    [Fact]
    public void Rows_are_asked_for_their_class_only_until_every_class_is_full()
    {
        int asked = 0;
        FewShotSampling.Draw(10, 2, row => { asked++; return row % 2; }, 1, 0, seed: 0);
        Assert.Equal(4, asked);
    }
}
