namespace IlZo.Gpu.Tests;

/// <summary>Instructions of warpgroups are assembled for the one target that has them.</summary>
public class WarpgroupTargetTests
{
    [Theory]
    [InlineData(".version 7.5", ".version 8.0")]
    [InlineData(".version 8.8", ".version 8.8")]
    public void A_text_with_wgmma_is_for_sm_90a_and_its_shared_memory_begins_where_a_swizzle_does(string version, string expected)
    {
        const string rest = "\n.target sm_80\n.address_size 64\n.extern .shared .align 4 .b8 a[];\nwgmma.fence.sync.aligned;\n";
        Assert.Equal(
            expected + "\n.target sm_90a\n.address_size 64\n.extern .shared .align 1024 .b8 a[];\nwgmma.fence.sync.aligned;\n",
            WarpgroupTarget.Of(version + rest));
    }

    [Fact]
    public void Another_text_stays_as_it_is()
    {
        const string text = ".version 7.5\n.target sm_80\n.extern .shared .align 4 .b8 a[];\nmma.sync.aligned;\n";
        Assert.Same(text, WarpgroupTarget.Of(text));
    }
}
