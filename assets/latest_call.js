// Streamlit calls a component anew for new data, and cleans up after a call that was overtaken while
// its code was loading only after the one that overtook it. What that one has put up must stay: only
// the latest call for a host may clean up.

const calls = new WeakMap();

function latestCall(host, cleanUp) {
  const mine = (calls.get(host) || 0) + 1;
  calls.set(host, mine);
  return () => {
    if (calls.get(host) === mine) cleanUp();
  };
}

