namespace IlZo.Ptx.Instructions;

/// <summary>What an instruction does to the lanes that execute it.</summary>
internal abstract class Step
{
    /// <summary>Whether all threads of the warp must execute it together.</summary>
    public virtual bool IsWarpWide => false;

    public abstract void Execute(PtxWarp warp, uint lanes);
}

/// <summary>What an instruction does to each lane by itself. Most often all lanes execute it.</summary>
internal abstract class LaneStep : Step
{
    public sealed override void Execute(PtxWarp warp, uint lanes)
    {
        if (lanes == PtxWarp.AllLanes)
        {
            Execute(warp);
            return;
        }

        foreach (int lane in new Lanes(lanes))
        {
            Execute(warp, lane);
        }
    }

    /// <summary>Executes it in all lanes.</summary>
    protected abstract void Execute(PtxWarp warp);

    /// <summary>Executes it in one.</summary>
    protected abstract void Execute(PtxWarp warp, int lane);
}

/// <summary>A jump; who runs the code moves the lanes.</summary>
/// <param name="target">The place in the code.</param>
/// <param name="isUniform">Whether all lanes that are there must jump or none.</param>
internal sealed class BranchStep(int target, bool isUniform) : Step
{
    public int Target => target;

    public bool IsUniform => isUniform;

    public override void Execute(PtxWarp warp, uint lanes)
    {
    }
}

/// <summary>The end of a thread.</summary>
internal sealed class ExitStep : Step
{
    public override void Execute(PtxWarp warp, uint lanes)
    {
    }
}

/// <summary>A barrier of the group.</summary>
internal sealed class BarrierStep : Step
{
    public override void Execute(PtxWarp warp, uint lanes)
    {
    }
}

/// <summary>A barrier of the warp.</summary>
internal sealed class WarpBarrierStep : Step
{
    public override bool IsWarpWide => true;

    public override void Execute(PtxWarp warp, uint lanes)
    {
    }
}
