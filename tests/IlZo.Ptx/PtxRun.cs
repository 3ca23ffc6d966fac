using System.Numerics;
using IlZo.Ptx.Instructions;

namespace IlZo.Ptx;

/// <summary>
/// Code on its way through the lanes of a warp. Lanes that part at a branch meet again at the first place that all of them must come to, as
/// on a GPU; until then those that do not jump go first. Instructions of the whole warp and barriers must be reached by all lanes together.
/// </summary>
/// <param name="code">The code.</param>
/// <param name="warp">The registers.</param>
/// <param name="lanes">The lanes that execute it.</param>
public sealed class PtxRun(PtxCode code, PtxWarp warp, uint lanes)
{
    private Stack<Path>? _others;
    private readonly uint _all = lanes;
    private uint _live = lanes;
    private Path _path = new(0, code.End, lanes);

    /// <summary>Executes until all lanes have ended or wait at a barrier.</summary>
    /// <returns>Whether they wait at a barrier; the next call goes on behind it.</returns>
    /// <exception cref="PtxException">Something is undefined on a GPU.</exception>
    public bool Continue()
    {
        while (true)
        {
            uint active = _path.Lanes & _live;
            int place = _path.Place;
            if (active == 0 || place == _path.Meeting)
            {
                if (_others is null || !_others.TryPop(out _path))
                {
                    _live = 0;
                    return false;
                }

                continue;
            }

            var instruction = code.Instructions[place];
            uint chosen = instruction.Guard < 0
                ? active
                : active & (warp.Predicate(instruction.Guard) ^ (instruction.IsNegated ? PtxWarp.AllLanes : 0));
            if (warp.Memory.Counts is { } counts && !instruction.Text.StartsWith("mov.", StringComparison.Ordinal))
            {
                counts.Instructions++;
            }

            try
            {
                switch (instruction.Step)
                {
                    case BranchStep branch:
                        Branch(branch, place, active, chosen);
                        continue;
                    case ExitStep:
                        _live &= ~chosen;
                        break;
                    case BarrierStep:
                        Require(chosen, _all);
                        _path = _path with { Place = place + 1 };
                        return true;
                    case { IsWarpWide: true }:
                        Require(chosen, PtxWarp.AllLanes);
                        instruction.Step.Execute(warp, chosen);
                        break;
                    default:
                        instruction.Step.Execute(warp, chosen);
                        break;
                }
            }
            catch (PtxException e)
            {
                throw new PtxException($"{e.Message} ('{instruction.Text}')");
            }

            _path = _path with { Place = place + 1 };
        }
    }

    private static void Require(uint found, uint expected)
    {
        if (found != expected)
        {
            throw new PtxException(
                $"{BitOperations.PopCount(found)} of {BitOperations.PopCount(expected)} threads of a warp are at an instruction for all of "
                    + "them.");
        }
    }

    private void Branch(BranchStep branch, int place, uint active, uint chosen)
    {
        if (chosen == 0 || chosen == active)
        {
            _path = _path with { Place = chosen == 0 ? place + 1 : branch.Target };
            return;
        }

        if (branch.IsUniform)
        {
            throw new PtxException("Lanes part at a branch that is said to be uniform.");
        }

        _others ??= new Stack<Path>();
        int meeting = code.MeetingOf(place);

        // Who waits there already need not be kept twice.
        if (meeting != _path.Meeting)
        {
            _others.Push(_path with { Place = meeting });
        }

        _others.Push(new Path(branch.Target, meeting, chosen));
        _path = new Path(place + 1, meeting, active & ~chosen);
    }

    /// <summary>Lanes that go together.</summary>
    /// <param name="Place">Where they are.</param>
    /// <param name="Meeting">Where they meet those that they have parted from.</param>
    /// <param name="Lanes">They.</param>
    private readonly record struct Path(int Place, int Meeting, uint Lanes);
}
