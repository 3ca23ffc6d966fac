using System.Numerics;
using IlZo.Backends;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tokenization;

namespace IlZo.Generation;

/// <summary>
/// The texts that are continued with one adapter, or with none, and can share passes: those that grow, and those that wait for it.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="backend">The device.</param>
/// <param name="adapter">The adapter.</param>
/// <param name="most">Texts that grow at a time at most.</param>
internal sealed class AdapterLane(LanguageModel model, ITokenizer tokenizer, IBackend backend, Adapter? adapter, int most) : IDisposable
{
    // Room for a text is taken in powers of two from here on, so that it is seldom made anew.
    private const int LeastCapacity = 64;

    private readonly List<StartedText> _waiting = [];
    private readonly Dictionary<GrowingText, StartedText> _growing = [];
    private readonly List<Action> _ended = [];
    private TextSlots? _slots;
    private GrowingBatch? _batch;

    /// <summary>What its texts are continued with.</summary>
    public Adapter? Adapter => adapter;

    /// <summary>Texts that are growing.</summary>
    public int Growing => _growing.Count;

    /// <summary>Texts that are growing or wait for it.</summary>
    public int Open => _growing.Count + _waiting.Count;

    /// <summary>Has a text wait for its turn.</summary>
    public void Add(StartedText text) => _waiting.Add(text);

    /// <summary>Takes out the texts that nobody waits for any more, or all.</summary>
    public void Drop(bool all)
    {
        foreach (var text in _waiting.Concat(_growing.Values).Where(t => all || t.IsUnwanted).ToList())
        {
            Fail(text, new OperationCanceledException());
        }

        FreeSlots();
    }

    /// <summary>Begins the text that has waited longest, if there is room for it.</summary>
    public void TryBegin()
    {
        if (_waiting.Count == 0)
        {
            return;
        }

        var next = _waiting[0];
        try
        {
            if (MakeRoom(next.Text.Room))
            {
                _waiting.RemoveAt(0);
                _growing.Add(next.Text, next);
                _batch!.Begin(next.Text);
            }
        }
        catch (Exception e)
        {
            Fail(next, e);
            FreeSlots();
        }
    }

    /// <summary>Makes each growing text one token longer.</summary>
    public void Advance()
    {
        if (_growing.Count == 0)
        {
            return;
        }

        try
        {
            _batch!.Advance();
        }
        catch (Exception e)
        {
            // What the cache holds of them is not known.
            foreach (var text in _growing.Values.ToList())
            {
                Fail(text, e);
            }

            Release();
        }
    }

    /// <summary>Tells of the texts that have ended since the last call.</summary>
    public void TellEnded()
    {
        _ended.ForEach(tell => tell());
        _ended.Clear();
    }

    public void Dispose() => Release();

    // Whether there is a slot for a text as long as that. Where slots are too small, or fewer than there could be, they are made anew as
    // soon as none is in use.
    private bool MakeRoom(int tokens)
    {
        if (_slots is not null && _batch!.Count > 0)
        {
            return tokens <= _slots.Capacity && _batch.HasRoom;
        }

        int longest = _waiting.Take(most).Max(t => t.Text.Room);
        int capacity = (int)Math.Min(
            BitOperations.RoundUpToPowerOf2((uint)Math.Max(longest, LeastCapacity)), (uint)Math.Max(longest, model.Shape.MaxPositions));
        int count = TextSlots.CountFor(model, capacity, most);
        if (_slots is null || tokens > _slots.Capacity || Math.Min(count, _waiting.Count) > _slots.Count)
        {
            Release();
            _slots = new TextSlots(model, tokenizer.VocabularySize, backend, Probe.Unperturbed, capacity, count);
            _batch = new GrowingBatch(_slots, Finish);
        }

        return true;
    }

    private void Finish(GrowingText text)
    {
        var started = _growing[text];
        try
        {
            var continuation = started.Text.End();
            model.Checkpoint.RequireUnchanged();
            _growing.Remove(text);
            _ended.Add(() => started.Finish(continuation));
        }
        catch (Exception e)
        {
            Fail(started, e);
        }
    }

    private void FreeSlots() => _batch?.Remove(text => !_growing.ContainsKey(text));

    private void Fail(StartedText text, Exception exception)
    {
        _waiting.Remove(text);
        _growing.Remove(text.Text);
        _ended.Add(() => text.Fail(exception));
    }

    private void Release()
    {
        _slots?.Dispose();
        (_slots, _batch) = (null, null);
    }
}
